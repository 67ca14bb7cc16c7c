// SPDX-License-Identifier: Apache-2.0
// FrameReader: copies fields out of a verified FlatBuffers table, each with its limit. The first
// field that breaks a rule is kept as the fault, and what is read after it does not matter.
// Values may share bytes of the frame (an attacker's 1,024 entries may all point at one header of a
// megabyte), so the copies are counted: together they never exceed the size of the frame.
// Private to bus/wire; only for .cpp files.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"
#include "bus/wire/command_text.hpp"

namespace lienthong::wire {

class FrameReader {
  public:
    explicit FrameReader(std::size_t copy_bytes_max) : copy_left_(copy_bytes_max) {}

    const std::optional<Error>& fault() const { return fault_; }

    void refuse(Code code, std::string_view detail, std::string_view where) {
        if (!fault_) fault_ = Error{code, std::string(detail), std::string(where), {}};
    }
    void require(bool holds, std::string_view detail, std::string_view where) {
        if (!holds) refuse(Code::malformed_frame, detail, where);
    }

    // [a-z0-9-]{1,32}
    template <class String>
    std::string name(const String* string, std::string_view where) {
        const std::string_view text = view(string);
        require(is_name(text), "must be 1 to 32 of a-z, 0-9 and -", where);
        return copy(is_name(text) ? text : std::string_view{}, where);
    }
    template <class Id, class String>
    Id id(const String* string, std::string_view where) {
        return Id::of(name(string, where));
    }
    // Absent or empty: "none".
    template <class Id, class String>
    Id maybe_id(const String* string, std::string_view where) {
        return view(string).empty() ? Id() : id<Id>(string, where);
    }
    // One line, perhaps empty.
    template <class String>
    std::string line(const String* string, std::size_t bytes_max, std::string_view where) {
        const std::string_view text = view(string);
        const bool fits = text.size() <= bytes_max;
        require(fits && is_one_line(text), "too long, or not one line of UTF-8", where);
        return copy(fits ? text : std::string_view{}, where);
    }
    // Lines of ASCII: what a signed head and a co-signature are made of.
    template <class String>
    std::string note(const String* string, std::size_t bytes_max, std::string_view where) {
        const std::string_view text = view(string);
        const bool fits = text.size() <= bytes_max;
        require(fits && text.find('\0') == std::string_view::npos, "too long or not text", where);
        return copy(fits ? text : std::string_view{}, where);
    }
    template <class Vector>
    Bytes bytes(const Vector* vector,
                std::size_t bytes_min,
                std::size_t bytes_max,
                std::string_view where) {
        const std::size_t size = vector == nullptr ? 0 : vector->size();
        require(size >= bytes_min && size <= bytes_max, "wrong size", where);
        if (vector == nullptr || fault_ || !take(size, where)) return {};
        return {vector->begin(), vector->end()};
    }
    template <class Fixed>
    Hash hash(const Fixed* fixed, std::string_view where) {
        require(fixed != nullptr, "absent", where);
        return fixed == nullptr ? Hash{} : to_hash(*fixed);
    }
    template <class Fixed>
    Hash hash_or_zeros(const Fixed* fixed) {
        return fixed == nullptr ? Hash{} : to_hash(*fixed);
    }
    template <class Vector>
    std::vector<Hash> hashes(const Vector* vector, std::size_t count_max, std::string_view where) {
        return list<Hash>(
            vector, 0, count_max, where, [](const auto* fixed) { return to_hash(*fixed); });
    }
    template <class Id, class Vector>
    std::vector<Id> ids(const Vector* vector, std::size_t count_max, std::string_view where) {
        return list<Id>(
            vector, 0, count_max, where, [&](const auto* string) { return id<Id>(string, where); });
    }
    // Stops at the first fault.
    template <class T, class Vector, class Read>
    std::vector<T> list(const Vector* vector,
                        std::size_t count_min,
                        std::size_t count_max,
                        std::string_view where,
                        Read read) {
        const std::size_t count = vector == nullptr ? 0 : vector->size();
        require(count >= count_min && count <= count_max, "too few or too many", where);
        std::vector<T> values;
        if (vector == nullptr || fault_) return values;
        values.reserve(count);
        for (std::uint32_t i = 0; i < count && !fault_; ++i) values.push_back(read(vector->Get(i)));
        return values;
    }
    // For structs, of which many vectors may be one: they count as copied bytes.
    void require_own(std::size_t size, std::string_view where) { take(size, where); }
    Code code(std::uint16_t number, std::string_view where) {
        const auto known = maybe_code(number);
        require(known.has_value(), "no such code", where);
        return known.value_or(Code::malformed_frame);
    }

  private:
    template <class String>
    static std::string_view view(const String* string) {
        return string == nullptr ? std::string_view{}
                                 : std::string_view(string->data(), string->size());
    }
    template <class Fixed>
    static Hash to_hash(const Fixed& fixed) {
        static_assert(sizeof(Fixed) == kHashBytes);
        Hash hash;
        std::memcpy(hash.bytes.data(), &fixed, kHashBytes);
        return hash;
    }
    std::string copy(std::string_view text, std::string_view where) {
        return take(text.size(), where) ? std::string(text) : std::string();
    }
    bool take(std::size_t size, std::string_view where) {
        const bool fits = size <= copy_left_;
        require(fits, "fields share bytes", where);
        if (fits) copy_left_ -= size;
        return fits;
    }

    std::size_t copy_left_;
    std::optional<Error> fault_;
};

}  // namespace lienthong::wire
