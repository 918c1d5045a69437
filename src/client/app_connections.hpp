#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "client/app_session.hpp"
#include "client/options.hpp"
#include "io/runtime.hpp"
#include "mux/stream.hpp"

namespace tunnel::client {

/// The app_session of each public connection of one tunnel connection, by the number that the server gave it. Belongs
/// to the link's strand.
class app_connections {
 public:
    app_connections(io::runtime& rt, const options& settings, std::shared_ptr<app_knowledge> app);
    ~app_connections() { finish_all(); }
    app_connections(const app_connections&) = delete;
    app_connections& operator=(const app_connections&) = delete;

    /// The session for a request on that public connection, which opened `s`. A session of its own where the number is
    /// 0, or where another stream of the same number is still open.
    [[nodiscard]] std::shared_ptr<app_session> session_for(std::uint64_t number, const std::shared_ptr<mux::stream>& s);
    /// The public connection has ended.
    void closed(std::uint64_t number);
    void finish_all();

 private:
    struct entry {
        std::shared_ptr<app_session> session;
        std::weak_ptr<mux::stream> latest;  // of its streams
    };

    [[nodiscard]] std::shared_ptr<app_session> new_session() const;
    [[nodiscard]] std::shared_ptr<app_session> session_for_one() const;

    io::runtime& runtime_;
    const options& settings_;
    std::shared_ptr<app_knowledge> app_;
    std::unordered_map<std::uint64_t, entry> by_number_;
};

}  // namespace tunnel::client
