// SPDX-License-Identifier: Apache-2.0
#include "security/seal/case_vault.hpp"

#include <limits>

#include "bus/base/file.hpp"
#include "security/keys/digest.hpp"
#include "security/keys/openssl.hpp"

namespace lienthong::seal {
namespace {

namespace openssl = keys::openssl;

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

// The master's file: magic, version, log2 N, then r and p (u32 each), salt; nonce, key, tag;
// SHA-256 of all that. The digest tells a damaged file from a wrong passphrase.
constexpr std::string_view kMagic = "LTMASTER";
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kCostLog2 = 14;
constexpr std::uint8_t kCostLog2Max = 20;
constexpr std::uint32_t kBlockSize = 8;
constexpr std::uint32_t kParallel = 1;
constexpr std::size_t kSaltBytes = 32;
constexpr std::size_t kPreambleBytes = kMagic.size() + 1 + 1 + 4 + 4 + kSaltBytes;
constexpr std::size_t kProtectedBytes = kNonceBytes + kKeyBytes + kTagBytes;
constexpr std::size_t kFileBytes = kPreambleBytes + kProtectedBytes + kHashBytes;

const EVP_CIPHER* cipher() {
    static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    CHECK(fetched != nullptr);
    return fetched;
}

// This thread's context; wiped when the lease ends, so that no erased case's key stays behind.
class ContextLease {
  public:
    ContextLease() : context_(of_thread()) {}
    ContextLease(const ContextLease&) = delete;
    ContextLease& operator=(const ContextLease&) = delete;
    ~ContextLease() { EVP_CIPHER_CTX_reset(context_); }
    EVP_CIPHER_CTX* get() const { return context_; }

  private:
    static EVP_CIPHER_CTX* of_thread() {
        thread_local const openssl::CipherContext context(EVP_CIPHER_CTX_new());
        CHECK(context != nullptr);
        return context.get();
    }
    EVP_CIPHER_CTX* context_;
};

int as_int(std::size_t size) {
    CHECK(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
    return static_cast<int>(size);
}

void encrypt(BytesView key, BytesView bound_to, BytesView plaintext, std::span<std::uint8_t> out) {
    const ContextLease context;
    CHECK(out.size() == kNonceBytes + plaintext.size() + kTagBytes);
    std::uint8_t* const body = out.data() + kNonceBytes;
    int size = 0;
    CHECK(EVP_EncryptInit_ex2(context.get(), cipher(), key.data(), out.data(), nullptr) == 1);
    if (!bound_to.empty()) {
        CHECK(EVP_EncryptUpdate(
                  context.get(), nullptr, &size, bound_to.data(), as_int(bound_to.size())) == 1);
    }
    if (!plaintext.empty()) {
        CHECK(EVP_EncryptUpdate(
                  context.get(), body, &size, plaintext.data(), as_int(plaintext.size())) == 1);
    }
    CHECK(EVP_EncryptFinal_ex(context.get(), body + plaintext.size(), &size) == 1 && size == 0);
    CHECK(EVP_CIPHER_CTX_ctrl(
              context.get(), EVP_CTRL_AEAD_GET_TAG, as_int(kTagBytes), body + plaintext.size()) ==
          1);
}

// False, and `out` wiped, unless the tag holds.
bool decrypt(BytesView key, BytesView bound_to, BytesView stored, std::span<std::uint8_t> out) {
    const ContextLease context;
    CHECK(stored.size() == kNonceBytes + out.size() + kTagBytes);
    const BytesView body = stored.subspan(kNonceBytes, out.size());
    Bytes tag = to_bytes(stored.last(kTagBytes));
    int size = 0;
    CHECK(EVP_DecryptInit_ex2(context.get(), cipher(), key.data(), stored.data(), nullptr) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(
              context.get(), EVP_CTRL_AEAD_SET_TAG, as_int(tag.size()), tag.data()) == 1);
    if (!bound_to.empty()) {
        CHECK(EVP_DecryptUpdate(
                  context.get(), nullptr, &size, bound_to.data(), as_int(bound_to.size())) == 1);
    }
    if (!body.empty()) {
        CHECK(EVP_DecryptUpdate(
                  context.get(), out.data(), &size, body.data(), as_int(body.size())) == 1);
    }
    std::uint8_t none = 0;
    if (EVP_DecryptFinal_ex(context.get(), &none, &size) == 1) return true;
    OPENSSL_cleanse(out.data(), out.size());
    return false;
}

Bytes wrap_label(const CaseId& case_id) {
    return ByteWriter().prefixed("lienthong/case-key/v1").raw(case_id.bytes).take();
}

Secret derive(const Secret& passphrase, BytesView salt, std::uint8_t cost_log2) {
    Secret key(kKeyBytes);
    const std::uint64_t cost = std::uint64_t{1} << cost_log2;
    const std::uint64_t memory_max = 2 * 128 * std::uint64_t{kBlockSize} * cost;
    CHECK(EVP_PBE_scrypt(reinterpret_cast<const char*>(passphrase.view().data()),
                         passphrase.size(),
                         salt.data(),
                         salt.size(),
                         cost,
                         kBlockSize,
                         kParallel,
                         memory_max,
                         key.writable().data(),
                         key.size()) == 1);
    return key;
}

}  // namespace

StorageKey StorageKey::generate(Random& random) {
    Secret bytes(kKeyBytes);
    random.fill(bytes.writable());
    return StorageKey(std::move(bytes));
}

Result<StorageKey> StorageKey::from_secret(Secret&& bytes32) {
    const Secret taken(std::move(bytes32));
    if (taken.size() != kKeyBytes) return fail(Code::malformed_key, "a storage key is 32 bytes");
    return StorageKey(Secret::copy_of(taken.view()));
}

Bytes StorageKey::protect(BytesView plaintext, BytesView bound_to, Random& random) const {
    const openssl::QuietErrors quiet;
    Bytes stored(kNonceBytes + plaintext.size() + kTagBytes);
    random.fill(std::span(stored).first(kNonceBytes));
    encrypt(bytes_.view(), bound_to, plaintext, stored);
    return stored;
}

Result<Bytes> StorageKey::open(BytesView stored, BytesView bound_to) const {
    const openssl::QuietErrors quiet;
    if (stored.size() < kNonceBytes + kTagBytes) return fail(Code::corrupt, "too short");
    Bytes plaintext(stored.size() - kNonceBytes - kTagBytes);
    if (!decrypt(bytes_.view(), bound_to, stored, plaintext)) {
        return fail(Code::corrupt, "altered, of another place, or under another key");
    }
    return plaintext;
}

Bytes StorageKey::wrap(const StorageKey& key, const CaseId& case_id, Random& random) const {
    return protect(key.bytes_.view(), wrap_label(case_id), random);
}

Result<StorageKey> StorageKey::unwrap(BytesView wrapped, const CaseId& case_id) const {
    auto bytes = open(wrapped, wrap_label(case_id));
    if (!bytes) return std::unexpected(bytes.error());
    Secret secret(std::move(*bytes));
    if (secret.size() != kKeyBytes) return fail(Code::corrupt, "not a storage key");
    return StorageKey(std::move(secret));
}

Result<void> save_master(const std::filesystem::path& path,
                         const StorageKey& key,
                         const Secret& passphrase,
                         Random& random) {
    const openssl::QuietErrors quiet;
    if (passphrase.size() == 0) return fail(Code::bad_argument, "no passphrase");
    std::error_code error;
    const auto status = std::filesystem::symlink_status(path, error);
    if (status.type() != std::filesystem::file_type::not_found) {
        return fail(Code::already_exists, "a master key is never overwritten", path.string());
    }
    const Hash salt = random.hash();
    const Bytes preamble = ByteWriter()
                               .raw(as_bytes(kMagic))
                               .u8(kVersion)
                               .u8(kCostLog2)
                               .u32(kBlockSize)
                               .u32(kParallel)
                               .hash(salt)
                               .take();
    auto under = StorageKey::from_secret(derive(passphrase, salt.view(), kCostLog2));
    CHECK(under.has_value());
    const Bytes sealed = under->protect(key.secret().view(), preamble, random);
    const Hash digest = keys::sha256({preamble, sealed});
    return write_file(path, ByteWriter().raw(preamble).raw(sealed).hash(digest).bytes(), 0600);
}

Result<StorageKey> load_master(const std::filesystem::path& path, const Secret& passphrase) {
    const openssl::QuietErrors quiet;
    const auto file = read_private_file(path, kFileBytes);
    if (!file && file.error().code == Code::oversized) {
        return fail(Code::corrupt, "not a master key file", path.string());
    }
    if (!file) return std::unexpected(file.error());
    const BytesView bytes(*file);
    ByteReader reader(bytes);
    const BytesView magic = reader.raw(kMagic.size());
    const std::uint8_t version = reader.u8();
    const std::uint8_t cost_log2 = reader.u8();
    const std::uint32_t block_size = reader.u32();
    const std::uint32_t parallel = reader.u32();
    const BytesView salt = reader.raw(kSaltBytes);
    if (!reader.ok() || !equal(magic, as_bytes(kMagic))) {
        return fail(Code::corrupt, "not a master key file", path.string());
    }
    if (version != kVersion) return fail(Code::unknown_version, {}, path.string());
    if (bytes.size() != kFileBytes ||
        !equal(keys::sha256(bytes.first(kFileBytes - kHashBytes)).view(), bytes.last(kHashBytes))) {
        return fail(Code::bad_checksum, "the file is damaged", path.string());
    }
    if (cost_log2 < 1 || cost_log2 > kCostLog2Max || block_size != kBlockSize ||
        parallel != kParallel) {
        return fail(Code::corrupt, "impossible costs", path.string());
    }
    auto under = StorageKey::from_secret(derive(passphrase, salt, cost_log2));
    CHECK(under.has_value());
    auto key =
        under->open(bytes.subspan(kPreambleBytes, kProtectedBytes), bytes.first(kPreambleBytes));
    if (!key)
        return fail(Code::bad_passphrase, "the master key does not open with it", path.string());
    return StorageKey::from_secret(Secret(std::move(*key)));
}

}  // namespace lienthong::seal
