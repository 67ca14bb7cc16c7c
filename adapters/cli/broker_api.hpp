// SPDX-License-Identifier: Apache-2.0
// BrokerApi: what a command of a broker's home may ask. In the broker's process it is the running
// Broker; if nobody runs, the data at rest, read-only and under the lock of its owner.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "bus/base/random.hpp"
#include "bus/broker/broker.hpp"

namespace lienthong::cli {

class BrokerApi {
  public:
    virtual ~BrokerApi() = default;
    virtual bool running() const = 0;
    virtual Result<broker::BrokerStatus> status() = 0;
    // A page of the log (broker/log_page.hpp); empty at its end.
    virtual Result<std::vector<core::Entry>> read_entries(Position from, std::size_t count_max) = 0;
    // unreachable if the broker does not run; and as broker::Broker::import_bundle.
    virtual Result<broker::BundleReply> import_bundle(
        BytesView file, const broker::Broker::ImportProgress& progress) = 0;
};

// Borrows the broker.
std::unique_ptr<BrokerApi> api_of(broker::Broker& broker);

// A home whose broker never ran shows an empty log. already_running: somebody holds the data just
// now; corrupt, io.
Result<std::unique_ptr<BrokerApi>> open_broker_data(const std::filesystem::path& home,
                                                    Random& random);

}  // namespace lienthong::cli
