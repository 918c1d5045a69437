#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "mux/exchange.hpp"
#include "mux/stream_set.hpp"
#include "support/frame_peer.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::mux {

/// A stream_set without a socket: messages go in, frames and deliveries come out.
class StreamSet : public testing::Test {
 protected:
    explicit StreamSet(role side = role::server)
        : streams(std::make_shared<stream_set>(side, context.get_executor(), [this] { ++woken; })) {
        begin();
    }

    // A set, its streams and their exchanges hold each other until the connection ends.
    ~StreamSet() override {
        streams->fail_all(failure::tunnel_lost);
        streams->detach();
        poll();
    }

    void begin(std::uint64_t our_window = 1000, std::uint64_t their_window = 1000, std::uint64_t max_streams = 10) {
        protocol::hello ours;
        ours.window = our_window;
        ours.max_streams = max_streams;
        auto theirs = ours;
        theirs.window = their_window;
        streams->start(ours, theirs);
    }

    /// What a session asks of its stream is queued on the link's strand.
    void poll() {
        context.restart();
        context.poll();
    }

    static protocol::request request(std::string_view body = {}, bool end = true) {
        protocol::request r;
        r.head = test::request_head("GET", "/");
        r.body.append(body);
        r.end = end;
        return r;
    }
    static protocol::response response(protocol::stream_id id, std::string_view body = {}, bool end = true,
                                       unsigned status = 200) {
        protocol::response r;
        r.id = id;
        r.head.status = status;
        r.body.append(body);
        r.end = end;
        return r;
    }
    static protocol::data data(protocol::stream_id id, std::string_view body, bool end = false) {
        protocol::data d;
        d.id = id;
        d.body.append(body);
        d.end = end;
        return d;
    }

    /// Opens a stream whose request is not written yet.
    std::shared_ptr<exchange> open(std::string_view body = {}, bool end = true) {
        auto s = streams->open(context.get_executor(), request(body, end), last_id_ + 1);
        if (s) ++last_id_;
        return s;
    }

    /// Opens a stream whose request was written.
    std::shared_ptr<exchange> opened(bool end = true) {
        auto s = open({}, end);
        EXPECT_TRUE(s);
        (void)written();
        return s;
    }

    /// Streams that are open, once what sessions asked for was done.
    std::size_t size() {
        poll();
        return streams->size();
    }

    /// Control frames, then bodies, as the link would write them.
    std::vector<std::string> written(std::size_t limit = limits::link_queue,
                                     std::size_t shared_slice = limits::shared_body_slice) {
        poll();
        byte_buffer out;
        out.append(streams->control().view());
        streams->control().clear();
        streams->fill(out, limit, shared_slice);
        std::vector<std::string> messages;
        std::error_code error;
        while (!out.empty()) {
            const auto frame = protocol::read_frame(out.view(), error);
            EXPECT_FALSE(error);
            const byte_buffer payload(frame.payload);
            protocol::message m;
            EXPECT_FALSE(decoder.decode(payload.view(), m));
            messages.push_back(test::describe(m));
            out.consume(frame.total);
        }
        return messages;
    }

    /// What the session was handed since the last call.
    std::vector<std::string> delivered(const std::shared_ptr<exchange>& s) {
        poll();
        std::vector<std::string> parts;
        while (s->has_incoming()) {
            auto part = s->take();
            if (const auto* f = std::get_if<failed>(&*part)) {
                parts.push_back("failed " + std::string(to_string(f->why)));
            } else if (auto* r = std::get_if<protocol::response>(&*part)) {
                parts.push_back(test::describe(std::move(*r)));
            } else if (auto* d = std::get_if<protocol::data>(&*part)) {
                parts.push_back(test::describe(std::move(*d)));
            } else if (std::holds_alternative<stopping>(*part)) {
                parts.emplace_back("stopping");
            } else {
                parts.emplace_back("fin");
            }
        }
        return parts;
    }

    [[nodiscard]] std::size_t body_on_wire(const protocol::message& m,
                                           protocol::body_form form = protocol::body_form::base64) const {
        return streams->body_on_wire(m, form);
    }

    using list = std::vector<std::string>;

    boost::asio::io_context context;
    int woken = 0;
    protocol::stream_id last_id_ = 0;
    std::shared_ptr<stream_set> streams;
    protocol::message_decoder decoder;
};

class StreamSetOfClient : public StreamSet {
 protected:
    StreamSetOfClient() : StreamSet(role::client) {}

    struct accepted_request {
        std::shared_ptr<stream> at_link;
        std::shared_ptr<exchange> session;
    };

    accepted_request accept(protocol::stream_id id, bool end = true) {
        auto r = request({}, end);
        r.id = id;
        std::error_code error;
        auto s = streams->accept(r, error);
        EXPECT_FALSE(error) << error.message();
        auto session = s->make_exchange(context.get_executor());
        return {std::move(s), std::move(session)};
    }

    std::error_code accept_error(const protocol::request& r) {
        std::error_code error;
        EXPECT_FALSE(streams->accept(r, error));
        return error;
    }

    /// Credit in the window frames that wait.
    std::uint64_t credit_given() {
        std::uint64_t bytes = 0;
        for (const auto& line : written()) bytes += std::stoull(line.substr(line.find('+') + 1));
        return bytes;
    }
};

}  // namespace tunnel::mux
