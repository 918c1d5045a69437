#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "inspector/body_view.hpp"
#include "inspector/text_search.hpp"

namespace tunnel::inspector {

namespace {

constexpr std::size_t slice_bytes = 64 * limits::kib;

/// Takes what a decoder produced; tells whether there is room for more.
bool add(decoded_body& to, std::string_view bytes, std::size_t cap) {
    const auto room = cap - std::min(cap, to.bytes.size());
    to.bytes.append(bytes.substr(0, std::min(room, bytes.size())));
    if (bytes.size() > room) to.cut = true;
    return !to.cut;
}

decoded_body inflate_with(std::string_view bytes, int window_bits, std::size_t cap) {
    decoded_body body;
    z_stream stream{};
    if (inflateInit2(&stream, window_bits) != Z_OK) throw std::bad_alloc();
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> owner(&stream, inflateEnd);
    std::vector<char> slice(slice_bytes);
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));  // zlib's API predates const
    stream.avail_in = static_cast<uInt>(bytes.size());
    for (;;) {
        stream.next_out = reinterpret_cast<Bytef*>(slice.data());
        stream.avail_out = static_cast<uInt>(slice.size());
        const int result = inflate(&stream, Z_NO_FLUSH);
        if (!add(body, {slice.data(), slice.size() - stream.avail_out}, cap)) return body;
        if (result == Z_STREAM_END) {
            // gzip allows several members in a row (RFC 1952 section 2.2).
            if (window_bits <= MAX_WBITS || stream.avail_in == 0) return body;
            inflateReset(&stream);
        } else if (result == Z_BUF_ERROR || (result == Z_OK && stream.avail_in == 0 && stream.avail_out > 0)) {
            body.cut = true;  // the data ends too early
            return body;
        } else if (result != Z_OK) {
            body.problem = stream.msg ? stream.msg : "it is not valid";
            return body;
        }
    }
}

decoded_body decode_gzip(std::string_view bytes, std::size_t cap) {
    constexpr int gzip_format = 16;
    return inflate_with(bytes, MAX_WBITS + gzip_format, cap);
}

/// "deflate" is the zlib format (RFC 9110 section 8.4.1.2), but some senders leave its head out.
decoded_body decode_deflate(std::string_view bytes, std::size_t cap) {
    auto body = inflate_with(bytes, MAX_WBITS, cap);
    if (body.problem.empty() || !body.bytes.empty()) return body;
    auto raw = inflate_with(bytes, -MAX_WBITS, cap);
    return raw.problem.empty() ? raw : body;
}

decoded_body decode_brotli(std::string_view bytes, std::size_t cap) {
    decoded_body body;
    const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> decoder(
        BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
    if (!decoder) throw std::bad_alloc();
    std::vector<std::uint8_t> slice(slice_bytes);
    const auto* input = reinterpret_cast<const std::uint8_t*>(bytes.data());
    std::size_t input_size = bytes.size();
    for (;;) {
        auto* output = slice.data();
        std::size_t room = slice.size();
        const auto result = BrotliDecoderDecompressStream(decoder.get(), &input_size, &input, &room, &output, nullptr);
        if (!add(body, {reinterpret_cast<const char*>(slice.data()), slice.size() - room}, cap)) return body;
        if (result == BROTLI_DECODER_RESULT_SUCCESS) return body;
        if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) {
            body.cut = true;
            return body;
        }
        if (result == BROTLI_DECODER_RESULT_ERROR) {
            body.problem = BrotliDecoderErrorString(BrotliDecoderGetErrorCode(decoder.get()));
            return body;
        }
    }
}

decoded_body decode_zstd(std::string_view bytes, std::size_t cap) {
    decoded_body body;
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> decoder(ZSTD_createDCtx(), ZSTD_freeDCtx);
    if (!decoder) throw std::bad_alloc();
    // RFC 9659: a window of a content coding has at most 8 MiB.
    constexpr int largest_window = 23;
    ZSTD_DCtx_setParameter(decoder.get(), ZSTD_d_windowLogMax, largest_window);
    std::vector<char> slice(slice_bytes);
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    for (;;) {
        ZSTD_outBuffer output{slice.data(), slice.size(), 0};
        const auto result = ZSTD_decompressStream(decoder.get(), &output, &input);
        if (ZSTD_isError(result) != 0) {
            body.problem = ZSTD_getErrorName(result);
            return body;
        }
        if (!add(body, {slice.data(), output.pos}, cap)) return body;
        const bool all_read = input.pos == input.size && output.pos < output.size;
        if (all_read) {
            body.cut = result != 0;
            return body;
        }
    }
}

decoded_body decode_one(std::string_view bytes, std::string_view coding, std::size_t cap) {
    if (coding == "gzip" || coding == "x-gzip") return decode_gzip(bytes, cap);
    if (coding == "deflate") return decode_deflate(bytes, cap);
    if (coding == "br") return decode_brotli(bytes, cap);
    if (coding == "zstd") return decode_zstd(bytes, cap);
    decoded_body unknown;
    unknown.problem = "the coding is not known";
    return unknown;
}

std::vector<std::string> codings_of(std::string_view list) {
    std::vector<std::string> codings;
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        auto coding = ascii_lower(list.substr(0, comma));
        std::erase_if(coding, [](char c) { return c == ' ' || c == '\t'; });
        if (!coding.empty() && coding != "identity") codings.push_back(std::move(coding));
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return codings;
}

}  // namespace

decoded_body decode_body(std::string_view bytes, std::string_view content_encoding, std::size_t cap) {
    // More than one coding is rare; a long list would make a small body cost much work.
    constexpr std::size_t most_codings = 4;
    auto codings = codings_of(content_encoding);
    decoded_body body;
    body.bytes = bytes.substr(0, std::min(bytes.size(), codings.empty() ? cap : bytes.size()));
    body.cut = body.bytes.size() < bytes.size();
    if (codings.size() > most_codings) {
        body.problem = "there are too many codings";
        codings.clear();
    }
    // The last coding was applied last.
    for (auto coding = codings.rbegin(); coding != codings.rend() && !body.bytes.empty(); ++coding) {
        auto decoded = decode_one(body.bytes, *coding, cap);
        if (!decoded.problem.empty()) {
            body.problem = *coding + ": " + decoded.problem;
            if (!decoded.bytes.empty()) body.bytes = std::move(decoded.bytes);
            break;
        }
        decoded.cut = decoded.cut || body.cut;
        body = std::move(decoded);
    }
    if (body.bytes.size() > cap) {
        body.bytes.resize(cap);
        body.cut = true;
    }
    return body;
}

decoded_body decode_body(const body_copy& body, const field_lines& fields, std::size_t cap) {
    std::string codings;
    for (const auto& [name, value] : fields) {
        if (same_name(name, "Content-Encoding")) codings += (codings.empty() ? "" : ",") + value;
    }
    auto decoded = decode_body(body.bytes, codings, cap);
    decoded.cut = decoded.cut || body.truncated();
    return decoded;
}

}  // namespace tunnel::inspector
