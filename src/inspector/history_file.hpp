#pragma once

#include <sys/types.h>

#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "inspector/sqlite.hpp"

/// The file of a history: made, checked, brought up to date, set aside.
namespace tunnel::inspector {

/// What stands at a path, so that another file there is noticed.
struct file_identity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const file_identity&) const = default;
};
[[nodiscard]] file_identity identity_of(const std::string& path) noexcept;

/// The file is a database, but not one that this program may write to.
class unusable_file : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

/// Makes missing folders (0700) and the file (0600), or takes an existing file's permissions of others away.
void prepare_history_file(const std::string& path);
/// Opens a connection that writes. Throws unusable_file where the file is of another program or a newer version.
[[nodiscard]] sqlite::connection open_history_file(const std::string& path);
/// `name` is "file:/...?vfs=memdb".
[[nodiscard]] sqlite::connection open_memory_history(const std::string& name);

/// Applies the steps that the database lacks: step i leads from version i to i + 1. Safe beside other processes.
void migrate(sqlite::connection& database, std::span<const std::string_view> steps);

/// Renames the file and what belongs to it, unless another file stands there by now. Returns its new name, or an empty
/// string. Never deletes.
[[nodiscard]] std::string set_aside(const std::string& path, const file_identity& file, std::string_view why);

/// A number that no other running program has in this history; for id_source. Ends pending records of programs that
/// are no longer running.
[[nodiscard]] unsigned claim_session(sqlite::connection& database);
void release_session(sqlite::connection& database, unsigned session) noexcept;

}  // namespace tunnel::inspector
