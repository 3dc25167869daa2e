// The queries, one file each; see README.md for what they ask.
#pragma once

#include "query.hpp"

namespace nexmark {

void q0(weir::Job& job, const Settings& settings);
void q1(weir::Job& job, const Settings& settings);
void q2(weir::Job& job, const Settings& settings);
void q3(weir::Job& job, const Settings& settings);
void q4(weir::Job& job, const Settings& settings);
void q5(weir::Job& job, const Settings& settings);
void q6(weir::Job& job, const Settings& settings);
void q7(weir::Job& job, const Settings& settings);
void q8(weir::Job& job, const Settings& settings);
void q9(weir::Job& job, const Settings& settings);
void q11(weir::Job& job, const Settings& settings);
void q12(weir::Job& job, const Settings& settings);
void q13(weir::Job& job, const Settings& settings);
void q14(weir::Job& job, const Settings& settings);
void q15(weir::Job& job, const Settings& settings);
void q16(weir::Job& job, const Settings& settings);
void q17(weir::Job& job, const Settings& settings);
void q18(weir::Job& job, const Settings& settings);
void q19(weir::Job& job, const Settings& settings);
void q20(weir::Job& job, const Settings& settings);
void q21(weir::Job& job, const Settings& settings);
void q22(weir::Job& job, const Settings& settings);
void q23(weir::Job& job, const Settings& settings);

}  // namespace nexmark
