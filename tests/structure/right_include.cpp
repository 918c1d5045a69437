// Compiled with the same include folders as wrong_include.cpp, this must succeed.
#include "http/request_parser.hpp"
