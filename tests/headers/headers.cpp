// The programs' precompiled headers are made with this one: tests/CMakeLists.txt.
int
main()
{
  return 0;
}
