#include "client/echo.hpp"

#include <nettle/sha2.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/latin1.hpp"
#include "base/log.hpp"

namespace tunnel::client {

namespace {

class sha256 {
 public:
    sha256() { sha256_init(&state_); }
    void update(std::string_view bytes) {
        sha256_update(&state_, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
    }
    [[nodiscard]] std::string hex() {
        std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
        sha256_digest(&state_, digest.size(), digest.data());
        std::string text;
        for (const auto byte : digest) {
            text += "0123456789abcdef"[byte >> 4U];
            text += "0123456789abcdef"[byte & 15U];
        }
        return text;
    }

 private:
    sha256_ctx state_{};
};

// JSON is UTF-8 and a field is bytes: one character U+0000..U+00FF for each, as on the wire.
nlohmann::ordered_json as_json(const http::field_list& fields) {
    auto list = nlohmann::ordered_json::array();
    for (const auto f : fields) list.push_back({latin1_to_utf8(f.name), latin1_to_utf8(f.value)});
    return list;
}

}  // namespace

echo::echo(std::shared_ptr<mux::exchange> exchange, protocol::request request,
           std::shared_ptr<exchange_observer> observer)
    : exchange_(std::move(exchange)), request_(std::move(request)), observer_(std::move(observer)) {}

io::awaitable<void> echo::run() {
    const auto started = io::clock::now();
    sha256 hash;
    std::uint64_t size = request_.body.size();
    hash.update(request_.body.view());
    exchange_->consumed(request_.body.size());
    auto end = request_.end || !request_.head.upgrade.empty();
    if (!end && iequals(request_.head.fields.find("Expect"), "100-continue")) {
        protocol::response go_on;
        go_on.head.status = 100;
        go_on.head.reason = "Continue";
        exchange_->send(std::move(go_on));
    }
    while (!end) {
        while (!exchange_->has_incoming()) co_await exchange_->wait_incoming();
        const auto part = exchange_->take();
        if (std::holds_alternative<mux::failed>(*part)) co_return;
        auto* data = std::get_if<protocol::data>(&*part);
        if (data == nullptr) continue;
        if (observer_) observer_->request_part(*data);
        size += data->body.size();
        hash.update(data->body.view());
        exchange_->consumed(data->body.size());
        end = data->end;
        if (end) request_.trailers = std::move(data->trailers);
    }

    nlohmann::ordered_json description;
    description["method"] = latin1_to_utf8(request_.head.method);
    description["path"] = latin1_to_utf8(request_.head.target);
    description["headers"] = as_json(request_.head.fields);
    description["body"] = {{"size", size}, {"sha256", hash.hex()}};
    if (!request_.trailers.empty()) description["trailers"] = as_json(request_.trailers);
    const auto text = description.dump(2) + "\n";

    protocol::response response;
    response.head.status = 200;
    response.head.reason = "OK";
    response.head.fields.add("Content-Type", "application/json");
    response.head.content_length = text.size();
    if (request_.head.method != "HEAD") response.body.append(text);
    response.end = true;
    exchange_->send(std::move(response));
    responded_ = true;
    request_line line;
    line.method = request_.head.method;
    line.target = request_.head.target;
    line.status = 200;
    line.took = io::clock::now() - started;
    line.body_bytes = text.size();
    line.request_bytes = size;
    line.caller = request_.from.caller;
    line.id = request_.head.fields.find(request_id_field);
    line.connection = request_.from.connection;
    line.number = request_.id;
    log_request(line);
}

void echo::ended() {
    if (!responded_) exchange_->cancel(protocol::cancel_reason::other);
}

}  // namespace tunnel::client
