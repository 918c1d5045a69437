#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tunnel::test {

using namespace std::chrono_literals;

/// Every wait of a test ends by then; what takes longer hangs.
inline constexpr std::chrono::milliseconds patience = 5s;

/// Thrown by a wait that ran out of patience or met the wrong end; the message shows what had come until then.
class peer_error : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

/// One end of a TCP connection as a test scripts it: blocking, bytes only, each call with a hard deadline. One
/// thread at a time, but for `send_in_background`.
class raw_peer {
 public:
    /// Connects to a port of the loopback address.
    explicit raw_peer(std::uint16_t port);
    /// Takes over a connected socket.
    static raw_peer adopt(int descriptor) { return raw_peer(adopted{descriptor}); }
    raw_peer(raw_peer&& other) noexcept;
    raw_peer& operator=(raw_peer&& other) noexcept;
    raw_peer(const raw_peer&) = delete;
    raw_peer& operator=(const raw_peer&) = delete;
    ~raw_peer();

    void send(std::string_view bytes);
    /// Returns at once; a peer that closes meanwhile ends it quietly. Joined by close() and the destructor.
    void send_in_background(std::string bytes);

    /// Everything up to and with `delimiter`.
    [[nodiscard]] std::string read_until(std::string_view delimiter);
    [[nodiscard]] std::string read_exactly(std::size_t n);
    /// Everything up to the FIN.
    [[nodiscard]] std::string read_to_end();
    /// Everything up to the FIN or reset, whichever it is.
    [[nodiscard]] std::string read_to_any_end();
    /// The peer closes, with nothing more said: FIN or reset.
    void expect_closed();
    /// The peer resets the connection, whatever it said before.
    void expect_reset();
    /// The connection is dead, seen without reading: what came stays where it is.
    void expect_hang_up();
    /// Nothing has come until now, and nothing comes for `time`: only for what must not happen.
    [[nodiscard]] bool stays_silent(std::chrono::milliseconds time);

    /// Little room in the kernel, so that a sender soon notices who does not read.
    void shrink_receive_buffer();
    /// FIN: our side has said everything.
    void shutdown_send();
    void close();
    /// Closes with a RST.
    void reset();

    [[nodiscard]] std::uint16_t local_port() const;

 private:
    struct adopted {
        int descriptor;
    };
    explicit raw_peer(adopted socket);

    enum class end { open, fin, reset };
    /// More bytes into input_, or the end.
    end receive(std::chrono::steady_clock::time_point until, std::string_view waiting_for);
    [[noreturn]] void fail(std::string_view what) const;
    [[nodiscard]] std::string take(std::size_t n);

    int socket_ = -1;
    std::string input_;
    end end_ = end::open;
    std::thread sender_;
};

/// A listening socket on a free port of the loopback address.
class raw_listener {
 public:
    raw_listener();
    /// Listens on that very port, as a program that comes back does.
    explicit raw_listener(std::uint16_t port);
    raw_listener(const raw_listener&) = delete;
    raw_listener& operator=(const raw_listener&) = delete;
    ~raw_listener();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] raw_peer accept(std::chrono::milliseconds limit = patience);
    /// Whether nobody connects for `time`: only for what must not happen.
    [[nodiscard]] bool stays_silent(std::chrono::milliseconds time);
    /// Whoever connects from now on has little room in the kernel for what it is sent, from the first byte.
    void shrink_receive_buffers();
    /// From now on a connect is refused.
    void close();

 private:
    int socket_ = -1;
    std::uint16_t port_ = 0;
};

/// A listening socket whose queue is full: the kernel leaves who connects without an answer.
class full_listener {
 public:
    full_listener();
    full_listener(const full_listener&) = delete;
    full_listener& operator=(const full_listener&) = delete;
    ~full_listener();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
    int socket_ = -1;
    std::uint16_t port_ = 0;
    std::vector<int> waiting_;
};

/// A port on which nothing listens.
[[nodiscard]] std::uint16_t refusing_port();

}  // namespace tunnel::test
