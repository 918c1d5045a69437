#include "inspector/body_capture.hpp"

#include <algorithm>
#include <utility>

namespace tunnel::inspector {

body_capture::body_capture(std::size_t cap) : cap_(cap) { sha256_init(&hash_); }

void body_capture::append(std::string_view bytes) {
    length_ += bytes.size();
    sha256_update(&hash_, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
    bytes_.append(bytes.substr(0, std::min(bytes.size(), cap_ - bytes_.size())));
}

sha256_bytes body_capture::digest() const {
    sha256_bytes result{};
    sha256_ctx copy = hash_;  // reading the digest ends the computation
    sha256_digest(&copy, result.size(), result.data());
    return result;
}

body_copy body_capture::copy() const { return {bytes_, length_, digest()}; }

body_copy body_capture::take() {
    const auto hash = digest();
    return {std::move(bytes_), length_, hash};
}

body_copy copy_body(std::string_view bytes, std::size_t cap) {
    body_capture capture(cap);
    capture.append(bytes);
    return capture.take();
}

}  // namespace tunnel::inspector
