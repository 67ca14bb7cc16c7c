// SPDX-License-Identifier: Apache-2.0
// Reading FlatBuffers from outside: an aligned copy, and the verifier with our limits. Templates
// only: the generated headers and FlatBuffers itself stay in the .cpp files that include this one.
// For .cpp files that read such bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/error.hpp"
#include "bus/base/ids.hpp"

namespace lienthong::message {

inline constexpr std::uint32_t kDepthMax = 16;
inline constexpr std::uint32_t kTablesMax = 2'000;
inline constexpr std::uint32_t kTablesMaxLarge = 20'000;   // statistics, batches
inline constexpr Millis kMillisMax = 253'402'300'799'999;  // the end of the year 9999

// Bytes at a 16-byte boundary, wiped when they go: they may be the plaintext of a sealed section.
class AlignedCopy {
  public:
    explicit AlignedCopy(BytesView bytes);
    AlignedCopy(const AlignedCopy&) = delete;
    AlignedCopy& operator=(const AlignedCopy&) = delete;
    ~AlignedCopy();

    BytesView view() const { return {data_, size_}; }

  private:
    std::uint8_t* data_;
    std::size_t size_;
};

enum class Verdict : std::uint8_t { ok, malformed, too_complex };

// Judges the structure of `aligned` as a buffer with this root. too_complex: deeper, or with more
// tables, than the limits.
template <class Root, class Verifier>
Verdict verify_root(BytesView aligned, std::uint32_t tables_max) {
    Verifier verifier(aligned.data(), aligned.size(), kDepthMax, tables_max);
    if (verifier.template VerifyBuffer<Root>(nullptr)) return Verdict::ok;
    // A failure leaves the counters where they were, so a limit that was passed is still passed.
    return verifier.VerifyComplexity() ? Verdict::malformed : Verdict::too_complex;
}

template <class Flat>
Flat flat_of(BytesView bytes) {
    Flat flat;
    std::memcpy(&flat, bytes.data(), sizeof(Flat));
    return flat;
}

// An absent field gives zeros.
template <class Flat>
Hash hash_of(const Flat* flat) {
    static_assert(sizeof(Flat) == kHashBytes);
    Hash hash;
    if (flat != nullptr) std::memcpy(hash.bytes.data(), flat, sizeof(Flat));
    return hash;
}

template <class String>
std::string_view text_of(const String* string) {
    return string == nullptr ? std::string_view{}
                             : std::string_view(string->data(), string->size());
}

template <class Vector>
BytesView bytes_of(const Vector* vector) {
    return vector == nullptr ? BytesView{} : BytesView(vector->data(), vector->size());
}

// Agencies in strictly ascending order, from `min` to `max` of them; nothing if the rule is broken.
template <class Vector>
std::optional<std::vector<AgencyId>> maybe_agencies(const Vector* names,
                                                    std::size_t min,
                                                    std::size_t max) {
    std::vector<AgencyId> agencies;
    const std::size_t count = names == nullptr ? 0 : names->size();
    if (count < min || count > max) return std::nullopt;
    agencies.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::string_view name = text_of(names->Get(i));
        if (!is_name(name)) return std::nullopt;
        if (!agencies.empty() && agencies.back().text() >= name) return std::nullopt;
        agencies.push_back(AgencyId::of(name));
    }
    return agencies;
}

}  // namespace lienthong::message
