#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tunnel::test {

/// How long anything in a test may take before the test fails.
inline constexpr auto time_limit = std::chrono::seconds(30);

/// The peer ended the connection where more was expected.
struct peer_left : std::runtime_error {
    explicit peer_left(bool by_reset)
        : std::runtime_error(by_reset ? "the peer reset" : "the peer closed"), reset(by_reset) {}
    bool reset;
};

/// A byte stream of any length that both ends know: every byte depends on its position, all 256 values occur.
/// Comparing with it as it arrives finds more than a hash would, and says where.
[[nodiscard]] std::string_view pattern(std::uint64_t offset, std::size_t most);
[[nodiscard]] std::string pattern_text(std::size_t size);

/// One HTTP message as it came.
struct http_message {
    std::string head;      ///< start line, fields and the empty line, byte for byte
    std::string body;      ///< without chunk framing
    std::string trailers;  ///< lines behind the last chunk, byte for byte

    [[nodiscard]] std::string start_line() const;
    [[nodiscard]] std::string method() const;
    [[nodiscard]] std::string target() const;
    [[nodiscard]] unsigned status() const;
    [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
    [[nodiscard]] std::string value(std::string_view name) const;  ///< the first; "" without one
    /// All field lines as they stand.
    [[nodiscard]] std::vector<std::string> lines() const;
};

/// A blocking TCP connection that knows just enough of HTTP to find the end of a message. Every call takes at most
/// `time_limit`; what goes wrong is thrown.
class http_socket {
 public:
    explicit http_socket(int fd) noexcept : fd_(fd) {}
    http_socket(http_socket&& other) noexcept;
    http_socket& operator=(http_socket&& other) noexcept;
    http_socket(const http_socket&) = delete;
    http_socket& operator=(const http_socket&) = delete;
    ~http_socket();

    /// `receive_buffer`: SO_RCVBUF, so that a reader that stalls is felt early.
    [[nodiscard]] static http_socket connect(std::uint16_t port, int receive_buffer = 0);

    void send(std::string_view bytes);
    void send_pattern(std::uint64_t size, std::uint64_t offset = 0);

    /// What is there, or arrives next; "" at a FIN.
    [[nodiscard]] std::string read_some(std::size_t most = 65'536);
    [[nodiscard]] std::string read_exactly(std::size_t size);
    /// Up to and with `mark`.
    [[nodiscard]] std::string read_until(std::string_view mark);
    [[nodiscard]] std::string read_to_end();
    /// Reads `size` bytes of the pattern; throws where they differ.
    void read_pattern(std::uint64_t size, std::uint64_t offset = 0);
    /// Reads and drops everything until the peer ends the connection. True: by a reset.
    [[nodiscard]] bool wait_for_end();

    [[nodiscard]] std::string read_head() { return read_until("\r\n\r\n"); }
    /// The body of a message whose head was read.
    void read_body(http_message& message, bool answers_head = false);
    [[nodiscard]] http_message read_message(bool answers_head = false);

    void shutdown_send() noexcept;
    void shutdown_both() noexcept;
    void close() noexcept;
    /// Whoever closes it, it closes with RST.
    void reset_at_close() noexcept;
    void reset() noexcept;
    [[nodiscard]] std::uint16_t local_port() const;

 private:
    void wait(short events) const;
    /// Bytes into buffer_; false at FIN.
    [[nodiscard]] bool fill();
    [[nodiscard]] std::string take(std::size_t size);

    int fd_;
    std::string buffer_;
};

}  // namespace tunnel::test
