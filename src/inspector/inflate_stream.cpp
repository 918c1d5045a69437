#include "inspector/inflate_stream.hpp"

#include <new>

namespace tunnel::inspector {

inflate_stream::inflate_stream(bool keeps_window) : keeps_window_(keeps_window) {
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
}

inflate_stream::~inflate_stream() { inflateEnd(&stream_); }

void inflate_stream::reset() {
    if (!keeps_window_) inflateReset(&stream_);
}

void inflate_stream::next(std::string_view bytes) noexcept {
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));  // zlib's API predates const
    stream_.avail_in = static_cast<uInt>(bytes.size());
}

std::string_view inflate_stream::step() {
    stream_.next_out = reinterpret_cast<Bytef*>(slice_);
    stream_.avail_out = slice_bytes;
    const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
    // A sender may end its stream with a final block (RFC 7692 section 7.2.3.4); the window stays for the next one.
    if (result == Z_STREAM_END) {
        inflateResetKeep(&stream_);
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
        failed_ = true;
    }
    return {slice_, slice_bytes - stream_.avail_out};
}

bool inflate_stream::more() const noexcept { return stream_.avail_in > 0 || stream_.avail_out == 0; }

}  // namespace tunnel::inspector
