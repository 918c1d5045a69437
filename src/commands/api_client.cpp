#include "commands/api_client.hpp"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdint>
#include <limits>
#include <utility>

namespace tunnel::commands {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;

/// Error responses are a sentence; more is not the inspector's.
constexpr std::size_t largest_error = std::size_t{64} * 1024;
/// A line of an event stream: a summary, whose target may be long.
constexpr std::size_t largest_event = std::size_t{4} * 1024 * 1024;

[[noreturn]] void fail(unsigned status, const std::string& text) {
    const auto body = nlohmann::ordered_json::parse(text, nullptr, false);
    if (!body.is_object() || !body.contains("error"))
        throw command_error(exit_failed, "the inspector replied with status " + std::to_string(status));
    const auto& error = body["error"];
    const auto message = error.value("message", std::string("the inspector refused the call"));
    if (status == 401) throw command_error(exit_no_client, message + " (set --inspect-token)");
    throw command_error(status == 400 ? exit_usage : exit_failed, message);
}

/// An exception of Boost names a place in its source, which says nothing to a user.
void check(const beast::error_code& error) {
    if (error == http::error::end_of_stream || error == http::error::partial_message)
        throw command_error(exit_failed, "the client ended before the response was whole");
    if (error) throw command_error(exit_failed, "the inspector closed the connection: " + error.message());
}

/// Lines of an event stream, joined over reads.
class event_lines {
 public:
    explicit event_lines(const std::function<bool(std::string_view, const nlohmann::ordered_json&)>& take)
        : take_(take) {}

    [[nodiscard]] bool feed(std::string_view bytes) {
        text_ += bytes;
        std::size_t begin = 0;
        for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n', begin)) {
            if (!line(std::string_view(text_).substr(begin, end - begin))) return false;
            begin = end + 1;
        }
        text_.erase(0, begin);
        return text_.size() <= largest_event;
    }

 private:
    bool line(std::string_view text) {
        constexpr std::string_view event = "event: ";
        constexpr std::string_view data = "data: ";
        if (text.ends_with('\r')) text.remove_suffix(1);
        if (text.starts_with(event)) name_ = text.substr(event.size());
        if (text.starts_with(data)) data_ = text.substr(data.size());
        if (!text.empty() || name_.empty()) return true;
        const auto value = nlohmann::ordered_json::parse(std::exchange(data_, {}), nullptr, false);
        return take_(std::exchange(name_, {}), value);
    }

    const std::function<bool(std::string_view, const nlohmann::ordered_json&)>& take_;
    std::string text_;
    std::string name_;
    std::string data_;
};

}  // namespace

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const auto plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view("-._~").find(c) != std::string_view::npos;
        if (plain) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += digits[byte >> 4U];
            encoded += digits[byte & 15U];
        }
    }
    return encoded;
}

unsigned api_client::exchange(std::string_view method, const std::string& target, std::string_view body,
                              std::string_view type, const taker& take) const {
    boost::asio::io_context context;
    tcp::socket socket(context);
    try {
        tcp::resolver resolver(context);
        boost::asio::connect(socket, resolver.resolve(where_.host, std::to_string(where_.port)));
    } catch (const boost::system::system_error& error) {
        throw command_error(exit_no_client, "no client runs with an inspector at " + to_string(where_) + " (" +
                                                error.code().message() + ")");
    }
    http::request<http::string_body> request;
    request.method_string(method);
    request.target(target);
    request.set(http::field::host, to_string(where_));
    request.set(http::field::authorization, "Bearer " + token_);
    request.set(http::field::connection, "close");
    if (!body.empty()) request.set(http::field::content_type, type);
    request.body() = body;
    if (method != "GET") request.prepare_payload();
    beast::error_code error;
    http::write(socket, request, error);
    check(error);

    beast::flat_buffer buffer;
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    http::read_header(socket, buffer, parser, error);
    check(error);
    std::array<char, std::size_t{16} * 1024> chunk{};
    while (!parser.is_done()) {
        parser.get().body().data = chunk.data();
        parser.get().body().size = chunk.size();
        http::read_some(socket, buffer, parser, error);
        if (error == http::error::need_buffer) error = {};
        const auto size = chunk.size() - parser.get().body().size;
        if (size > 0 && !take(parser.get().result_int(), {chunk.data(), size})) break;
        check(error);
    }
    return parser.get().result_int();
}

nlohmann::ordered_json api_client::call(std::string_view method, const std::string& target, std::string_view body,
                                        std::string_view type) const {
    std::string text;
    const auto status = exchange(method, target, body, type, [&](unsigned, std::string_view bytes) {
        text += bytes;
        return true;
    });
    if (status >= 400) fail(status, text);
    return nlohmann::ordered_json::parse(text, nullptr, false);
}

std::string api_client::bytes(const std::string& target) const {
    std::string text;
    const auto status = exchange("GET", target, {}, {}, [&](unsigned, std::string_view bytes) {
        text += bytes;
        return true;
    });
    if (status >= 400) fail(status, text);
    return text;
}

void api_client::download(const std::string& target, std::FILE* to) const {
    std::string error;
    bool written = true;
    const auto status = exchange("GET", target, {}, {}, [&](unsigned code, std::string_view bytes) {
        if (code >= 400) {
            error += bytes;
            return error.size() < largest_error;
        }
        written = std::fwrite(bytes.data(), 1, bytes.size(), to) == bytes.size();
        return written;
    });
    if (status >= 400) fail(status, error);
    if (!written || std::fflush(to) != 0) throw command_error(exit_failed, "the export could not be written");
}

void api_client::events(
    const std::string& target,
    const std::function<bool(std::string_view name, const nlohmann::ordered_json& data)>& take) const {
    event_lines lines(take);
    std::string error;
    const auto status = exchange("GET", target, {}, {}, [&](unsigned code, std::string_view bytes) {
        if (code < 400) return lines.feed(bytes);
        error += bytes;
        return error.size() < largest_error;
    });
    if (status >= 400) fail(status, error);
}

bool api_client::responds() const {
    try {
        return get("/api/v1/status").is_object();
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace tunnel::commands
