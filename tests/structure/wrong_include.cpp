// Compiled with the include folders of a room that may not include mux, this must fail.
#include "mux/link.hpp"
