#include "inspector/body_capture.hpp"

#include <algorithm>
#include <utility>

namespace tunnel::inspector {

namespace {

void update(sha256_ctx& hash, std::string_view bytes) {
    sha256_update(&hash, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

}  // namespace

body_capture::body_capture(std::size_t cap) : cap_(cap) {}

void body_capture::append(std::string_view bytes) {
    length_ += bytes.size();
    const auto kept = std::min(bytes.size(), cap_ - bytes_.size());
    if (kept < bytes.size() && !hash_ && hashable()) {
        sha256_init(&hash_.emplace());
        update(*hash_, bytes_);
    }
    if (hash_ && hashable()) update(*hash_, bytes);
    bytes_.append(bytes.substr(0, kept));
}

sha256_bytes body_capture::digest() const {
    sha256_bytes result{};
    if (!hash_ || !hashable()) return result;
    sha256_ctx copy = *hash_;  // reading the digest ends the computation
    sha256_digest(&copy, result.size(), result.data());
    return result;
}

body_copy body_capture::copy() const { return {bytes_, length_, digest()}; }

body_copy body_capture::take() {
    const auto hash = digest();
    return {std::move(bytes_), length_, hash};
}

void hash_whole(body_copy& body) {
    if (body.truncated()) return;
    sha256_ctx hash;
    sha256_init(&hash);
    update(hash, body.bytes);
    sha256_digest(&hash, body.sha256.size(), body.sha256.data());
}

body_copy copy_body(std::string_view bytes, std::size_t cap) {
    body_capture capture(cap);
    capture.append(bytes);
    auto body = capture.take();
    hash_whole(body);
    return body;
}

}  // namespace tunnel::inspector
