// SPDX-License-Identifier: Apache-2.0
#include "bus/node/agent.hpp"

namespace lienthong::node {

Result<Bytes> NodeAgent::export_bundle() { return fail(Code::unknown_operation, "bundles"); }
Result<std::size_t> NodeAgent::import_bundle(BytesView) {
    return fail(Code::unknown_operation, "bundles");
}

}  // namespace lienthong::node
