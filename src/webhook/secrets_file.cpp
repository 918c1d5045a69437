#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "webhook/limits.hpp"
#include "webhook/scheme.hpp"
#include "webhook/secrets.hpp"
#include "webhook/settings_error.hpp"

namespace tunnel::webhook {

namespace {

class open_file {
 public:
    explicit open_file(const std::string& path) : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        if (descriptor_ < 0) fail("cannot be opened");
    }
    ~open_file() { ::close(descriptor_); }
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;

    /// Of the file that is open, so that another one cannot take its place in between.
    void require_private() const {
        struct ::stat status{};
        if (::fstat(descriptor_, &status) != 0) fail("cannot be read");
        const auto mode = static_cast<unsigned>(status.st_mode) & 07777U;
        if ((mode & 077U) != 0)
            throw settings_error(fmt::format(
                "{0} has mode {1:04o}, so that others than its owner may use it: run chmod 600 {0}", path_, mode));
    }

    [[nodiscard]] std::string read() const {
        std::string text(limits::settings_file + 1, '\0');
        std::size_t size = 0;
        while (size < text.size()) {
            const auto count = ::read(descriptor_, text.data() + size, text.size() - size);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) fail("cannot be read");
            if (count == 0) break;
            size += static_cast<std::size_t>(count);
        }
        text.resize(size);
        return text;
    }

 private:
    [[noreturn]] void fail(std::string_view what) const {
        const auto reason = std::generic_category().message(errno);
        throw settings_error(fmt::format("{} {}: {}", path_, what, reason));
    }

    std::string path_;
    int descriptor_;
};

}  // namespace

std::vector<scheme> load_schemes(const std::string& path) {
    const open_file file(path);
    try {
        return parse_schemes(file.read());
    } catch (const settings_error& error) {
        throw settings_error(fmt::format("{}: {}", path, error.what()));
    }
}

std::vector<secret> load_secrets(const std::string& path, std::span<const scheme> known) {
    const open_file file(path);
    file.require_private();
    try {
        return parse_secrets(file.read(), known);
    } catch (const settings_error& error) {
        throw settings_error(fmt::format("{}: {}", path, error.what()));
    }
}

}  // namespace tunnel::webhook
