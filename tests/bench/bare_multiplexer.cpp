// What is left of a tunnel that does nothing: two programs and one connection between them, the system calls of
// tunnel-server and tunnel-client, and not a byte looked at. For the benchmark alone: it knows no flow control, and
// ends where anything goes wrong.
//
//     bare_multiplexer server PUBLIC_PORT LINK_PORT
//     bare_multiplexer client LINK_PORT APP_PORT

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// In front of the bytes of one piece. No bytes: the connection has ended.
struct piece_head {
    std::uint32_t size;
    std::uint32_t id;  // the server's descriptor of the public connection
};

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

int number(const char* text) { return static_cast<int>(std::strtol(text, nullptr, 10)); }

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void set(int descriptor, int level, int option) {
    const int on = 1;
    setsockopt(descriptor, level, option, &on, sizeof on);
}

/// Both programs: sockets, the link, and what is to leave on it at the end of a turn.
class multiplexer {
 public:
    int listen_on(int port) {
        const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        set(listener, SOL_SOCKET, SO_REUSEADDR);
        const auto address = loopback(port);
        if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
        if (listen(listener, SOMAXCONN) != 0) fail("listen");
        return watch(listener);
    }

    int connect_to(int port) {
        const int connection = socket(AF_INET, SOCK_STREAM, 0);
        const auto address = loopback(port);
        if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
        set(connection, IPPROTO_TCP, TCP_NODELAY);
        return watch(connection);
    }

    template <class Accepted>
    void accept_all(int listener, Accepted accepted) {
        for (int taken = 0; (taken = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
            set(taken, IPPROTO_TCP, TCP_NODELAY);
            accepted(watch(taken));
        }
    }

    /// What has arrived on `connection` goes behind what leaves on the link next. False: it has ended.
    bool pass_on(int connection, std::uint32_t id) {
        const auto n = recv(connection, room_.data(), room_.size(), MSG_DONTWAIT);
        if (n < 0) return true;
        const piece_head head{static_cast<std::uint32_t>(n), id};
        leaving_.append(reinterpret_cast<const char*>(&head), sizeof head);
        leaving_.append(room_.data(), head.size);
        return n != 0;
    }

    template <class Piece>
    void read_link(Piece piece) {
        const auto n = recv(link, room_.data(), room_.size(), MSG_DONTWAIT);
        if (n == 0) std::exit(0);
        if (n < 0) return;
        arrived_.append(room_.data(), static_cast<std::size_t>(n));
        std::string_view left = arrived_;
        piece_head head{};
        while (left.size() >= sizeof head) {
            std::memcpy(&head, left.data(), sizeof head);
            if (left.size() - sizeof head < head.size) break;
            piece(head.id, left.substr(sizeof head, head.size));
            left.remove_prefix(sizeof head + head.size);
        }
        arrived_.erase(0, arrived_.size() - left.size());
        if (static_cast<std::size_t>(n) == room_.size()) read_link(piece);
    }

    static void write(int connection, std::string_view bytes) {
        while (!bytes.empty()) {
            const auto n = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n < 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    template <class Ready>
    [[noreturn]] void run(Ready ready) {
        for (;;) {
            const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), -1);
            for (int i = 0; i < count; ++i) ready(events_[static_cast<std::size_t>(i)].data.fd);
            write(link, leaving_);
            leaving_.clear();
        }
    }

    int link = -1;

 private:
    int watch(int descriptor) const {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        event.data.fd = descriptor;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
        return descriptor;
    }

    int epoll_ = epoll_create1(0);
    std::array<epoll_event, 256> events_{};
    std::array<char, 65536> room_{};
    std::string leaving_;
    std::string arrived_;
};

[[noreturn]] void serve(int public_port, int link_port) {
    multiplexer m;
    const int at_public = m.listen_on(public_port);
    const int at_link = m.listen_on(link_port);
    m.run([&](int ready) {
        if (ready == at_public) return m.accept_all(at_public, [](int) {});
        if (ready == at_link) return m.accept_all(at_link, [&](int link) { m.link = link; });
        if (ready == m.link) {
            return m.read_link(
                [](std::uint32_t id, std::string_view bytes) { multiplexer::write(static_cast<int>(id), bytes); });
        }
        if (!m.pass_on(ready, static_cast<std::uint32_t>(ready))) close(ready);
    });
}

[[noreturn]] void replay(int link_port, int app_port) {
    multiplexer m;
    std::vector<int> app_of;           // by id
    std::vector<std::uint32_t> id_of;  // by the app's connection
    m.link = m.connect_to(link_port);
    std::puts("connected");
    std::fflush(stdout);
    m.run([&](int ready) {
        if (ready != m.link) {
            m.pass_on(ready, id_of[static_cast<std::size_t>(ready)]);
            return;
        }
        m.read_link([&](std::uint32_t id, std::string_view bytes) {
            if (app_of.size() <= id) app_of.resize(id + 1, -1);
            auto& app = app_of[id];
            if (bytes.empty()) {
                close(app);
                app = -1;
                return;
            }
            if (app < 0) {
                app = m.connect_to(app_port);
                const auto slot = static_cast<std::size_t>(app);
                if (id_of.size() <= slot) id_of.resize(slot + 1);
                id_of[slot] = id;
            }
            multiplexer::write(app, bytes);
        });
    });
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) return 2;
    const std::string_view role = arguments[1];
    const int first = number(arguments[2]);
    const int second = number(arguments[3]);
    if (role == "server") serve(first, second);
    if (role == "client") replay(first, second);
    return 2;
}
