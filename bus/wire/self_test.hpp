// SPDX-License-Identifier: Apache-2.0
// The server tries its own door before it opens: a key that nobody has must be refused.
// Private to bus/wire.
#pragma once

#include <string>

#include "bus/wire/zmq_socket.hpp"

namespace lienthong::wire {

inline constexpr int kSelfTestMs = 1'000;

// Connects with a random key and waits for the refusal. bad_argument: the key was admitted.
// timeout: no verdict in time. io: the handshake failed for another reason (the server's own keys
// do not belong together, say).
Result<void> check_random_key_is_refused(const ZmqContext& context,
                                         Channel channel,
                                         const std::string& endpoint,
                                         BytesView server_key);

}  // namespace lienthong::wire
