// Compiled with the include folders of the http room, this must fail: http may not include mux.
#include "mux/link.hpp"
