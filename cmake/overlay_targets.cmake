# SPDX-License-Identifier: Apache-2.0
# The helpers every CMakeLists here uses: overlay_library, overlay_executable, overlay_test, overlay_fuzz.

add_library(overlay_flags INTERFACE)
target_include_directories(overlay_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(overlay_flags INTERFACE -Wall -Wextra -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # clang's -Wconversion holds -Wsign-conversion, which g++ keeps apart and this code does not follow.
  target_compile_options(overlay_flags INTERFACE -Wconversion)
endif()
if(OVERLAY_SANITIZE)
  # Not position-independent: to relocate an instrumented overlayctl takes longer than most of its commands.
  target_compile_options(overlay_flags INTERFACE -fsanitize=${OVERLAY_SANITIZE} -fno-sanitize-recover=all
                                                 -fno-omit-frame-pointer -fno-pie)
  target_link_options(overlay_flags INTERFACE -fsanitize=${OVERLAY_SANITIZE} -no-pie)
  # Instrumented code makes g++ guess wrong about what may be uninitialised (GCC manual, -fsanitize=address); the
  # release build asks it.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(overlay_flags INTERFACE -Wno-maybe-uninitialized)
    # A check at each access, for a quarter of the time to compile. A null pointer that is used ends the program anyway,
    # and clang keeps both checks in the core, for the fuzz targets.
    target_compile_options(overlay_flags INTERFACE -fno-sanitize=null,alignment)
  endif()
endif()
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # It warns of anonymous namespaces outside the main file, which here includes the sources.
  target_compile_options(overlay_flags INTERFACE -Wno-subobject-linkage)
endif()
if(OVERLAY_FUZZ)
  target_compile_options(overlay_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The sources that a patch of tests/mutations changes.
set(OVERLAY_MUTATED "")
if(NOT OVERLAY_SANITIZE)
  file(GLOB patches ${CMAKE_SOURCE_DIR}/tests/mutations/*.patch)
  foreach(patch ${patches})
    file(STRINGS ${patch} sources REGEX "^[+][+][+] b/")
    list(TRANSFORM sources REPLACE "^[+][+][+] b" ${CMAKE_SOURCE_DIR})
    list(APPEND OVERLAY_MUTATED ${sources})
  endforeach()
endif()

# overlay_library(NAME SOURCES... [LINK libs...] [SEPARATE]) makes the static library overlay_NAME of one folder. With
# CMAKE_UNITY_BUILD (all presets but dev and coverage) its sources are compiled as one, in a fifth of the time, so their
# anonymous namespaces share their names; but one that tests/mutations replaces is an object of its own, and SEPARATE
# makes each one so.
function(overlay_library name)
  cmake_parse_arguments(ARG "SEPARATE" "" "LINK" ${ARGN})
  add_library(overlay_${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  if(ARG_SEPARATE)
    set_target_properties(overlay_${name} PROPERTIES UNITY_BUILD OFF)
  endif()
  foreach(source ${ARG_UNPARSED_ARGUMENTS})
    if("${CMAKE_CURRENT_SOURCE_DIR}/${source}" IN_LIST OVERLAY_MUTATED)
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
  # A fuzz target brings what it links; nothing else is wanted of that build.
  set_target_properties(overlay_${name} PROPERTIES EXCLUDE_FROM_ALL ${OVERLAY_FUZZ})
  target_link_libraries(overlay_${name} PUBLIC ${ARG_LINK} PRIVATE overlay_flags)
  target_compile_options(overlay_${name} PRIVATE ${OVERLAY_LIBRARY_OPTIONS})
  target_include_directories(overlay_${name} PUBLIC ${CMAKE_SOURCE_DIR})
endfunction()

# overlay_executable(NAME SOURCES... [LINK libs...])
function(overlay_executable name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE overlay_flags ${ARG_LINK})
  set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ${OVERLAY_FUZZ})
endfunction()

# overlay_test(NAME SOURCES... [LINK libs...] [LABELS labels...] [TIMEOUT seconds] [SHARDS n]) makes one GoogleTest binary
# and one ctest entry, or n of them that share its tests. Its sources are compiled as one as those of a library are.
# Labels: quick (inner loop), netns (needs root), slow.
function(overlay_test name)
  if(NOT OVERLAY_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT;SHARDS" "LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE overlay_flags ${ARG_LINK} GTest::gmock_main rapidcheck)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  if(NOT ARG_SHARDS)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
    return()
  endif()
  foreach(shard RANGE 1 ${ARG_SHARDS})
    math(EXPR index "${shard} - 1")
    add_test(NAME ${name}_${shard} COMMAND ${name})
    set_tests_properties(${name}_${shard} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
                         ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()

# overlay_fuzz(NAME SOURCES... [LINK libs...] [CORPUS dir]) makes one libFuzzer target and one ctest entry, which runs
# the seeds of dir and then OVERLAY_FUZZ_SECONDS of new inputs. What it finds interesting stays in the build tree.
function(overlay_fuzz name)
  if(NOT OVERLAY_FUZZ)
    return()
  endif()
  cmake_parse_arguments(ARG "" "CORPUS" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE overlay_flags ${ARG_LINK})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set(found ${CMAKE_CURRENT_BINARY_DIR}/${name}.found)
  file(MAKE_DIRECTORY ${found})
  set(seeds "")
  if(ARG_CORPUS)
    get_filename_component(seeds ${ARG_CORPUS} ABSOLUTE)
  endif()
  add_test(NAME ${name} COMMAND ${name} -max_total_time=${OVERLAY_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=1024
                                -print_final_stats=1 -artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/${name}. ${found} ${seeds})
  math(EXPR limit "${OVERLAY_FUZZ_SECONDS} + 120")
  set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT ${limit})
endfunction()
