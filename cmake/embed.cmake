# SPDX-License-Identifier: Apache-2.0
# cmake -DFILE=PAGE -DOUT=map_page.cc -P embed.cmake: the bytes of PAGE as what overlay/control/map_page.h declares.
file(READ ${FILE} bytes HEX)
string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
string(REGEX REPLACE "(......................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUT} "#include \"overlay/control/map_page.h\"

namespace overlay::control {

std::string_view map_page() {
  static constexpr char bytes[] = {
${bytes}};
  return {bytes, sizeof bytes};
}

}  // namespace overlay::control
")
