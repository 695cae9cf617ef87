# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Writes to OUTPUT a ctest test "NAME/test case" for each test case of EXECUTABLE; they need FIXTURES. (doctest_discover_tests does the same,
# but takes a semicolon in a test case's name for the end of it.)
execute_process(COMMAND "${EXECUTABLE}" --list-test-cases OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
set(script "")
while(output MATCHES "^([^\n]*)\n(.*)$")
  set(test_case "${CMAKE_MATCH_1}")
  set(output "${CMAKE_MATCH_2}")
  if(test_case MATCHES "^(\\[doctest\\]|=====)")
    continue()
  endif()
  string(REPLACE "," "\\," filter "${test_case}")
  # If the filter matched nothing, doctest would run nothing and succeed.
  string(APPEND script
    "add_test([==[${NAME}/${test_case}]==] [==[${EXECUTABLE}]==] [==[--test-case=${filter}]==])\n"
    "set_tests_properties([==[${NAME}/${test_case}]==] PROPERTIES TIMEOUT ${TIMEOUT} FAIL_REGULAR_EXPRESSION \"test cases: +0\")\n")
  if(FIXTURES)
    string(APPEND script "set_tests_properties([==[${NAME}/${test_case}]==] PROPERTIES"
      " FIXTURES_REQUIRED \"${FIXTURES}\" SKIP_REGULAR_EXPRESSION \"skipped: \")\n")
  endif()
endwhile()
file(WRITE "${OUTPUT}" "${script}")
