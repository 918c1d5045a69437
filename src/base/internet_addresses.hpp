#pragma once

/// The system's header for addresses as text: inet_pton and inet_addr.
#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#endif
