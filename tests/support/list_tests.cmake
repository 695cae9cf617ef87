# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Writes to OUTPUT a ctest test "NAME/test case" for each test case of EXECUTABLE, or "NAME/FILE" for each of its source files
# FILES if that is given; they need FIXTURES. (doctest_discover_tests does the same, but takes a semicolon in a test case's name
# for the end of it.)
set(script "")

function(add_test_of filter title)
  # If the filter matched nothing, doctest would run nothing and succeed.
  string(APPEND script
    "add_test([==[${NAME}/${title}]==] [==[${EXECUTABLE}]==] [==[${filter}]==])\n"
    "set_tests_properties([==[${NAME}/${title}]==] PROPERTIES TIMEOUT ${TIMEOUT} FAIL_REGULAR_EXPRESSION \"test cases: +0\")\n")
  if(FIXTURES)
    string(APPEND script "set_tests_properties([==[${NAME}/${title}]==] PROPERTIES"
      " FIXTURES_REQUIRED \"${FIXTURES}\" SKIP_REGULAR_EXPRESSION \"skipped: \")\n")
  endif()
  set(script "${script}" PARENT_SCOPE)
endfunction()

if(FILES)
  foreach(file IN LISTS FILES)
    cmake_path(GET file STEM title)
    file(STRINGS "${file}" cases REGEX "^TEST_CASE")
    if(NOT cases)
      continue()
    endif()
    add_test_of("--source-file=*/${title}.cpp" "${title}")
  endforeach()
else()
  execute_process(COMMAND "${EXECUTABLE}" --list-test-cases OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
  while(output MATCHES "^([^\n]*)\n(.*)$")
    set(test_case "${CMAKE_MATCH_1}")
    set(output "${CMAKE_MATCH_2}")
    if(NOT test_case MATCHES "^(\\[doctest\\]|=====)")
      string(REPLACE "," "\\," filter "${test_case}")
      add_test_of("--test-case=${filter}" "${test_case}")
    endif()
  endwhile()
endif()
file(WRITE "${OUTPUT}" "${script}")
