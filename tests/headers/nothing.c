// As headers.cpp, for C.
typedef int svari_nothing_t;
