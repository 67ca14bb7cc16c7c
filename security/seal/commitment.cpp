// SPDX-License-Identifier: Apache-2.0
#include "security/seal/commitment.hpp"

#include "security/keys/digest.hpp"

namespace lienthong::seal {
namespace {

Hash commit(std::string_view purpose,
            const CommitmentContext& context,
            const Hash& salt,
            BytesView content) {
    const Bytes suite = ByteWriter().u16(context.suite).take();
    const Bytes message =
        ByteWriter().u64(context.message.stream).u64(context.message.sequence).take();
    const Bytes bytes = ByteWriter()
                            .prefixed(purpose)
                            .prefixed(suite)
                            .prefixed(context.bus.text())
                            .prefixed(message)
                            .prefixed(context.section)
                            .take();
    return keys::sha256({bytes, salt.view(), content});
}

}  // namespace

Hash commit_plaintext(const CommitmentContext& context, const Hash& salt, BytesView plaintext) {
    return commit("lienthong/plaintext-commitment/v1", context, salt, plaintext);
}

Hash commit_descriptor(const CommitmentContext& context, const Hash& salt, BytesView descriptor) {
    return commit("lienthong/descriptor-commitment/v1", context, salt, descriptor);
}

}  // namespace lienthong::seal
