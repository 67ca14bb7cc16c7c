// SPDX-License-Identifier: Apache-2.0
// Three quarters of a run would be the reading of certificates that were read before: each process
// that starts, and each document that is adopted, reads all of the registry's. What these functions
// answer depends on their arguments alone, so the simulator's linker (--wrap, see CMakeLists.txt)
// puts a memory before them. Signatures of messages, heads and deliveries are verified each time.
#include <map>
#include <tuple>

#include "security/keys/digest.hpp"
#include "security/keys/keys.hpp"

namespace lienthong::sim {
namespace {

using keys::CertificateInfo;
using keys::PublicKey;

constexpr std::size_t kKeptMax = 4096;

template <class Key, class Value, class Make>
Value remembered(std::map<Key, Value>& known, const Key& key, Make&& make) {
    const auto found = known.find(key);
    if (found != known.end()) return found->second;
    if (known.size() >= kKeptMax) known.clear();
    return known.emplace(key, make()).first->second;
}

}  // namespace

// The names are those that the compiler gives to keys::verify_certificate and so on.
Result<CertificateInfo> real_verify(BytesView certificate, BytesView authority, Millis at) asm(
    "__real__ZN9lienthong4keys18verify_certificateESt4spanIKhLm18446744073709551615EES3_l");
Result<CertificateInfo> wrapped_verify(BytesView certificate, BytesView authority, Millis at) asm(
    "__wrap__ZN9lienthong4keys18verify_certificateESt4spanIKhLm18446744073709551615EES3_l");
Result<PublicKey> real_certificate_key(BytesView der) asm(
    "__real__ZN9lienthong4keys9PublicKey16from_certificateESt4spanIKhLm18446744073709551615EE");
Result<PublicKey> wrapped_certificate_key(BytesView der) asm(
    "__wrap__ZN9lienthong4keys9PublicKey16from_certificateESt4spanIKhLm18446744073709551615EE");
Result<PublicKey> real_spki_key(BytesView der) asm(
    "__real__ZN9lienthong4keys9PublicKey9from_spkiESt4spanIKhLm18446744073709551615EE");
Result<PublicKey> wrapped_spki_key(BytesView der) asm(
    "__wrap__ZN9lienthong4keys9PublicKey9from_spkiESt4spanIKhLm18446744073709551615EE");
Result<CertificateInfo> real_read(BytesView certificate) asm(
    "__real__ZN9lienthong4keys16read_certificateESt4spanIKhLm18446744073709551615EE");
Result<CertificateInfo> wrapped_read(BytesView certificate) asm(
    "__wrap__ZN9lienthong4keys16read_certificateESt4spanIKhLm18446744073709551615EE");

Result<CertificateInfo> wrapped_verify(BytesView certificate, BytesView authority, Millis at) {
    static std::map<std::tuple<Hash, Hash, Millis>, Result<CertificateInfo>> known;
    return remembered(known,
                      std::tuple(keys::sha256(certificate), keys::sha256(authority), at),
                      [&] { return real_verify(certificate, authority, at); });
}

Result<PublicKey> wrapped_certificate_key(BytesView der) {
    static std::map<Hash, Result<PublicKey>> known;
    return remembered(known, keys::sha256(der), [&] { return real_certificate_key(der); });
}

Result<PublicKey> wrapped_spki_key(BytesView der) {
    static std::map<Hash, Result<PublicKey>> known;
    return remembered(known, keys::sha256(der), [&] { return real_spki_key(der); });
}

Result<CertificateInfo> wrapped_read(BytesView certificate) {
    static std::map<Hash, Result<CertificateInfo>> known;
    return remembered(known, keys::sha256(certificate), [&] { return real_read(certificate); });
}

}  // namespace lienthong::sim
