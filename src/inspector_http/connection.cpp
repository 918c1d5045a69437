#include "inspector_http/connection.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <exception>

#include "inspector/page_files.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/on_worker.hpp"
#include "io/spawn.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::inspector_http {

namespace http = boost::beast::http;
using io::no_throw;

namespace {

/// A file of the pages; nothing where there is none.
std::optional<response> page_response(const request& r, std::string_view path) {
    const auto& prefix = inspector::page_prefix();
    const bool versioned = path.starts_with(prefix);
    if (versioned) path.remove_prefix(prefix.size());
    const auto* file = inspector::find_page_file(path);
    if (!file) return std::nullopt;
    if (r.method != "GET" && r.method != "HEAD") {
        return error_response(api_error(405, "method_not_allowed", "A page is read with GET."));
    }
    response page;
    page.content_type = file->content_type;
    const bool index = file == inspector::find_page_file("/");
    page.body = index ? inspector::versioned_index() : std::string(file->bytes);
    page.immutable = versioned && !index;
    return page;
}

response no_room_for_body() {
    return error_response(api_error(
        503, "busy", "The inspector reads too many large bodies at once; try again when the others have ended."));
}

bool has_body(const http::request_parser<http::string_body>& p) {
    return p.chunked() || p.content_length().value_or(0) > 0;
}

}  // namespace

connection::connection(connection_hub& hub, io::tcp::socket socket)
    : hub_(hub), stream_(std::move(socket)), timer_(stream_.get_executor()) {
    hub_.all.insert(this);
}

connection::~connection() { hub_.all.erase(this); }

void connection::start() {
    auto body = [self = shared_from_this()]() -> io::awaitable<void> { return self->run(); };
    io::spawn(stream_.get_executor(), "an inspector connection", std::move(body), [self = shared_from_this()] {});
}

void connection::wake() noexcept { timer_.cancel(); }

void connection::stop() noexcept {
    idle_since_.reset();
    stream_.close();
    timer_.cancel();
}

io::awaitable<void> connection::run() {
    for (auto step = next_step::keep; step == next_step::keep && !is_over();) step = co_await serve_one();
    if (!hub_.stopping) co_await close_gently();
}

io::awaitable<connection::next_step> connection::serve_one() {
    parser p;
    p.header_limit(limits::head_bytes);
    p.body_limit(limits::import_bytes);
    stream_.expires_after(limits::head_time);
    idle_since_ = io::clock::now();
    const auto [error, length] = co_await http::async_read_header(stream_, buffer_, p, no_throw);
    const bool stopped = !idle_since_;  // after the head had come: nothing may be done whose response is lost
    idle_since_.reset();
    if (stopped) co_return next_step::close;
    if (error) {
        const auto step = co_await refuse_unreadable(error);
        co_return step;
    }
    exchange e;
    const auto refused = check_head(p, e);
    // The rest of an unread body cannot be distinguished from the next request.
    if (refused && !p.is_done()) e.keep_alive = false;
    if (refused) {
        const auto step = co_await send(e, *refused);
        co_return step;
    }
    const bool whole = co_await read_body(p, e);
    if (!whole) co_return next_step::close;
    auto handle = [&] { return serve(e.found, e.received, e.target, hub_.s, hub_.port); };
    auto what = co_await on_worker(hub_.workers, std::move(handle));
    const auto step = co_await deliver(e, std::move(what));
    co_return step;
}

std::optional<response> connection::check_head(const parser& p, exchange& e) const {
    const auto& head = p.get();
    e.version = head.version();
    e.keep_alive = head.keep_alive();
    e.received.method = head.method_string();
    e.received.target = head.target();
    for (const auto& field : head) e.received.fields.emplace_back(field.name_string(), field.value());
    try {
        std::string problem;
        auto target = parse_target(e.received.target, problem);
        if (!target) throw bad_request(problem);
        e.target = std::move(*target);
        if (auto refused = hub_.gate.check(e.received, e.target)) return refused;
        if (auto page = page_response(e.received, e.target.path)) return page;
        e.found = find_route(e.received.method, e.target.path);
        if (!has_body(p)) return std::nullopt;
        check_body_type(e.received, e.found.what->body);
        if (p.content_length().value_or(0) > body_limit(e.found.what->body)) {
            throw api_error(413, "too_large", "The body is larger than this path takes.");
        }
        return std::nullopt;
    } catch (const api_error& error) {
        auto refused = error_response(error);
        if (error.status() == 405) refused.fields.emplace_back("Allow", allowed_methods(e.target.path));
        return refused;
    }
}

io::awaitable<bool> connection::read_body(parser& p, exchange& e) {
    const auto has_room = [&] {
        const auto announced = static_cast<std::size_t>(p.content_length().value_or(0));
        return e.body.grow_to(hub_, std::max(announced, p.get().body().size()));
    };
    bool room = has_room();
    if (room && !p.is_done() && iequals(e.received.field("Expect"), "100-continue")) {
        const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        const bool sent = co_await send_bytes(go_on);
        if (!sent) co_return false;
    }
    const auto limit = body_limit(e.found.what->body);
    for (; room && !p.is_done(); room = has_room()) {
        stream_.expires_after(limits::transfer_time);
        const auto [error, length] = co_await http::async_read_some(stream_, buffer_, p, no_throw);
        if (error || p.get().body().size() > limit) {
            const auto why = error ? error : make_error_code(http::error::body_limit);
            co_await refuse_unreadable(why);
            co_return false;
        }
    }
    if (!room) {
        e.keep_alive = false;
        const auto refused = no_room_for_body();
        co_await send(e, refused);
        co_return false;
    }
    e.received.body = std::move(p.get().body());
    co_return true;
}

io::awaitable<connection::next_step> connection::refuse_unreadable(io::error_code error) {
    if (error == http::error::end_of_stream || error == http::error::partial_message) co_return next_step::close;
    if (error.category() != make_error_code(http::error::end_of_stream).category()) co_return next_step::close;
    auto why = bad_request("The request is not valid HTTP/1.1.");
    if (error == http::error::header_limit) {
        why = api_error(431, "too_large", "The head of the request is too large.");
    } else if (error == http::error::body_limit) {
        why = api_error(413, "too_large", "The body is larger than this path takes.");
    }
    const exchange unknown;
    const auto refused = error_response(why);
    const auto step = co_await send(unknown, refused);
    co_return step;
}

io::awaitable<connection::next_step> connection::deliver(exchange& e, reply what) {
    if (hub_.stopping) e.keep_alive = false;
    auto step = next_step::close;
    auto* const whole = std::get_if<response>(&what);
    if (!whole && e.received.method == "HEAD") {
        const auto refused = error_response(
            api_error(405, "method_not_allowed", "This path streams its response and has no HEAD; use GET."));
        step = co_await send(e, refused);
    } else if (whole) {
        step = co_await send(e, *whole);
    } else if (auto* stream = std::get_if<body_stream>(&what)) {
        step = co_await send_stream(e, *stream);
    } else if (auto* later = std::get_if<deferred>(&what)) {
        step = co_await wait_for(e, *later);
    } else if (auto* search = std::get_if<std::shared_ptr<wait_search>>(&what)) {
        step = co_await wait_for(e, **search);
    } else {
        step = co_await send_events(e, *std::get<std::shared_ptr<event_source>>(what));
    }
    co_return step;
}

}  // namespace tunnel::inspector_http
