// SPDX-License-Identifier: Apache-2.0
// Identifiers, one type for each, so that two of them are never swapped.
// Names are [a-z0-9-]{1,32}: short, opaque, and with no room for a person's name.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "bus/base/bytes.hpp"
#include "bus/base/error.hpp"

namespace lienthong {

inline constexpr std::size_t kNameBytesMax = 32;
bool is_name(std::string_view text);

template <class Tag>
class NameId {
  public:
    NameId() = default;  // empty: "none"

    // `what` says which field it was, in the error.
    static Result<NameId> parse(std::string_view text, std::string_view what = "id") {
        if (!is_name(text)) {
            return fail(
                Code::malformed_input, "must be 1 to 32 of a-z, 0-9 and -", std::string(what));
        }
        return NameId(std::string(text));
    }
    // For text that is already known to be a name.
    static NameId of(std::string_view text) { return NameId(std::string(text)); }

    const std::string& text() const { return text_; }
    bool empty() const { return text_.empty(); }
    auto operator<=>(const NameId&) const = default;

  private:
    explicit NameId(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

using BusId = NameId<struct BusTag>;
using AgencyId = NameId<struct AgencyTag>;
using UnitId = NameId<struct UnitTag>;
using NodeId = NameId<struct NodeTag>;
using OfficerId = NameId<struct OfficerTag>;
using Role = NameId<struct RoleTag>;
using Purpose = NameId<struct PurposeTag>;

using Position = std::uint64_t;  // of an entry in the log, from 0
using Epoch = std::uint64_t;     // of the log's owner, from 1
using Millis = std::int64_t;     // milliseconds since 1970-01-01T00:00:00Z

// 128 random bits. Never a capability: knowing it grants nothing.
struct CaseId {
    std::array<std::uint8_t, 16> bytes{};

    auto operator<=>(const CaseId&) const = default;
    bool is_none() const { return *this == CaseId{}; }
    std::string text() const { return to_hex(bytes); }
    static Result<CaseId> parse(std::string_view text);
};

// A message's name for ever: the random stream of its sender's node, and the number in it, from 1.
struct MessageId {
    std::uint64_t stream = 0;
    std::uint64_t sequence = 0;

    auto operator<=>(const MessageId&) const = default;
    bool is_none() const { return stream == 0 && sequence == 0; }
    std::string text() const;  // 16 hexadecimal digits, "-", decimal sequence
    static Result<MessageId> parse(std::string_view text);
};

}  // namespace lienthong

template <class Tag>
struct std::hash<lienthong::NameId<Tag>> {
    std::size_t operator()(const lienthong::NameId<Tag>& id) const noexcept {
        return std::hash<std::string>{}(id.text());
    }
};
