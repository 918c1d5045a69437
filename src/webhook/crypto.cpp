#include "webhook/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <new>

namespace tunnel::webhook {

namespace {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
using mac_algorithm = std::unique_ptr<EVP_MAC, freed_by<EVP_MAC_free>>;
using mac_context = std::unique_ptr<EVP_MAC_CTX, freed_by<EVP_MAC_CTX_free>>;
using digest_context = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>>;
using public_key = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;

const unsigned char* bytes_of(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// HMAC and the SHA-2 family are in every provider of libcrypto: what fails here is the allocation.
void require(bool done) {
    if (!done) throw std::bad_alloc();
}

public_key read_key(signature_algorithm with, std::string_view key) {
    if (with == signature_algorithm::ed25519)
        return public_key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(key), key.size()));
    const unsigned char* at = bytes_of(key);
    public_key read(d2i_PUBKEY(nullptr, &at, static_cast<long>(key.size())));
    if (!read || EVP_PKEY_get_base_id(read.get()) != EVP_PKEY_EC) return nullptr;
    return read;
}

}  // namespace

std::string hmac(hash with, std::string_view key, std::string_view message) {
    static const mac_algorithm algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    const mac_context context(EVP_MAC_CTX_new(algorithm.get()));
    require(context != nullptr);
    std::array<char, 8> name = with == hash::sha1 ? std::array<char, 8>{"SHA1"} : std::array<char, 8>{"SHA256"};
    const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                                OSSL_PARAM_construct_end()};
    // A null key means the one before: an empty one is not null.
    const unsigned char* const key_bytes = key.empty() ? bytes_of("") : bytes_of(key);
    require(EVP_MAC_init(context.get(), key_bytes, key.size(), parameters.data()) == 1);
    require(EVP_MAC_update(context.get(), bytes_of(message), message.size()) == 1);
    std::array<unsigned char, EVP_MAX_MD_SIZE> result{};
    std::size_t size = 0;
    require(EVP_MAC_final(context.get(), result.data(), &size, result.size()) == 1);
    return {reinterpret_cast<const char*>(result.data()), size};
}

std::string sha256(std::string_view message) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> result{};
    unsigned size = 0;
    require(EVP_Digest(message.data(), message.size(), result.data(), &size, EVP_sha256(), nullptr) == 1);
    return {reinterpret_cast<const char*>(result.data()), size};
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

key_result verify_with_public_key(signature_algorithm with, std::string_view key, std::string_view signature,
                                  std::string_view message) {
    const auto read = read_key(with, key);
    if (!read) return key_result::bad_key;
    const digest_context context(EVP_MD_CTX_new());
    require(context != nullptr);
    const auto* const digest = with == signature_algorithm::ed25519 ? nullptr : EVP_sha256();
    if (EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, read.get()) != 1) return key_result::bad_key;
    const auto right =
        EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
    return right ? key_result::right : key_result::wrong;
}

}  // namespace tunnel::webhook
