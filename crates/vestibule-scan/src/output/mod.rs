//! Reports. Each takes findings and coverage and gives text; none knows a check or a platform.
