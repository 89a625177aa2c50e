# Regressions on moderators of the bundled trials by metafor and clubSandwich; see moderators.py for the call.
suppressMessages({library(metafor); library(clubSandwich); library(jsonlite)})
input <- fromJSON(file("stdin"))
d <- as.data.frame(input$rows); V <- input$V
d$control <- ifelse(d$arm_c == "enhanced_care_as_usual", "care_as_usual", d$arm_c)
one <- function(keep, mods, constraints, random = ~ 1 | trial_id / row_id) {
  f <- rma.mv(yi, V[keep, keep], mods = mods, random = random, data = d[keep, ])
  ct <- coef_test(f, vcov = "CR2", cluster = d$trial_id[keep])
  w <- Wald_test(f, constraints = constraints, vcov = "CR2", cluster = d$trial_id[keep], test = "HTZ")
  list(rows = sum(keep), estimate = as.numeric(f$beta), se = ct$SE, df = ct$df_Satt,
       F = w$Fstat, df2 = w$df_denom, p = w$p_val)
}
known <- d$control != "pill_placebo"; rated <- d$rating != "unknown"
cat(toJSON(list(
  source = paste("metafor", packageVersion("metafor"), "with clubSandwich", packageVersion("clubSandwich")),
  control = one(known, ~ control - 1, constrain_equal(1:3)),
  rating = one(rated, ~ rating - 1, constrain_equal(1:2)),
  year = one(rep(TRUE, nrow(d)), ~ I((year - 2010) / 10), constrain_zero(2))
), auto_unbox = TRUE, digits = 12))
