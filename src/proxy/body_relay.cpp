#include "proxy/body_relay.hpp"

#include <algorithm>
#include <utility>

#include "http/head_writer.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::proxy {

byte_buffer take_buffered_body(io::connection& from, http::body_decoder& decoder, http::parse_error& error) {
    byte_buffer body;
    while (!decoder.done() && !from.buffered().empty() && !error) {
        const auto before = body.size();
        const auto ready = from.buffered();
        body.append(ready);
        const auto step = decoder.decode(body.data() + before, ready.size(), error);
        body.truncate(before + step.produced);
        from.consume(step.consumed);
    }
    return body;
}

io::awaitable<relay_result> relay_body(io::connection& from, http::body_decoder& decoder, mux::exchange& to,
                                       std::function<void(bool)> waiting, std::function<void(byte_buffer&)> moved,
                                       std::function<bool()> ends) {
    while (!decoder.done()) {
        waiting(false);
        co_await to.wait_room();
        if (to.over()) co_return relay_result::over;
        waiting(true);
        protocol::data part;
        auto most = to.room();
        if (decoder.remaining() > 0 && !decoder.chunked())
            most = static_cast<std::size_t>(std::min<std::uint64_t>(most, decoder.remaining()));
        co_await from.read(part.body, most);
        waiting(false);
        if (to.over()) co_return relay_result::over;
        if (part.body.empty()) {
            if (from.is_open() && !from.at_end()) continue;  // interrupted: the exchange says why
            if (from.read_error() || !from.at_end() || !decoder.end_of_input()) co_return relay_result::cut_short;
        } else {
            http::parse_error error;
            const auto step = decoder.decode(part.body.data(), part.body.size(), error);
            if (error) co_return relay_result::bad_body;
            from.unread(part.body.view().substr(step.consumed));
            part.body.truncate(step.produced);
        }
        if (part.body.empty() && !decoder.done()) continue;
        moved(part.body);
        part.end = decoder.done() && (!ends || ends());
        if (part.body.empty() && !part.end) continue;
        if (part.end) part.trailers = std::move(decoder.trailers());
        to.send(std::move(part));
    }
    co_return relay_result::complete;
}

std::size_t body_writer::room_behind_prefix(std::size_t body) noexcept {
    constexpr std::size_t chunk_framing = 32;  // what append_chunk_start asks for, and more than all of it takes
    return body <= limits::joined_write ? body + chunk_framing : 0;
}

bool body_writer::write_now(byte_buffer& prefix, std::string_view body, bool end, const http::field_list& trailers,
                            io::error_code& error) {
    if (kind_ == http::body_kind::chunked) {
        if (!body.empty()) {
            http::append_chunk_start(prefix, body.size());
            suffix_.append(http::chunk_end);
        }
        if (end) http::append_last_chunk(suffix_, trailers);
    }
    if (body.size() + suffix_.size() <= limits::joined_write) {
        prefix.append(body);
        prefix.append(suffix_.view());
        left_ = io::gather(prefix.view());
    } else {
        left_ = io::gather(prefix.view());
        left_.add(body);
        left_.add(suffix_.view());
    }
    const auto done = to_->write_now(left_, error);
    if (done) written(prefix);
    return done;
}

io::awaitable<io::error_code> body_writer::finish(byte_buffer& prefix) {
    const auto error = co_await to_->write(left_);
    written(prefix);
    co_return error;
}

void body_writer::written(byte_buffer& prefix) noexcept {
    prefix.reset();
    suffix_.reset();
}

}  // namespace tunnel::proxy
