#pragma once

#include <gtest/gtest.h>

#include "inspector/history_fixture.hpp"
#include "support/temporary_folder.hpp"

namespace tunnel::inspector {

/// Every history in a file and in memory alike.
class History : public testing::TestWithParam<history_mode> {
 protected:
    history_settings settings() const {
        auto s = file_settings(folder_ / "state/tunnel/history.db");
        s.mode = GetParam();
        return s;
    }
    test::temporary_folder folder_;
};

}  // namespace tunnel::inspector
