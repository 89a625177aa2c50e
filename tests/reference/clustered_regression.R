# Regressions of dependent effects by metafor (rma.mv) with clubSandwich (CR2, Satterthwaite, HTZ).
#   Rscript tests/reference/clustered_regression.R > tests/reference/clustered_regression.json
# The effects are made up, with clusters of 1 to 4 rows and a sampling correlation of 0.5.
suppressMessages({library(metafor); library(clubSandwich); library(jsonlite)})
set.seed(20261)
sizes <- c(1, 3, 2, 4, 1, 2, 3, 1, 2, 2, 4, 1, 3, 2)
trial <- rep(seq_along(sizes), sizes)
k <- length(trial)
vi <- round(runif(k, 0.02, 0.12), 4)
kind <- rep(sample(rep(c("a", "b", "c"), length.out = length(sizes))), sizes)
year <- rep(round(runif(length(sizes), -2, 2), 2), sizes)
yi <- round(0.4 + 0.2 * (kind == "b") + 0.1 * year + rnorm(length(sizes), 0, 0.45)[trial] +
            rnorm(k, 0, 0.25) + rnorm(k, 0, sqrt(vi)), 4)
d <- data.frame(yi, vi, trial, row = seq_len(k), kind, year)
V <- vcalc(vi, cluster = trial, obs = row, rho = 0.5, data = d)
tight <- list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-14)
case <- function(name, mods, constraints) {
  f <- rma.mv(yi, V, mods = mods, random = ~ 1 | trial / row, data = d, control = tight)
  ct <- coef_test(f, vcov = "CR2", cluster = d$trial)
  wald <- Wald_test(f, constraints = constraints, vcov = "CR2", cluster = d$trial, test = "HTZ")
  list(name = name, sigma2 = f$sigma2, beta = as.numeric(f$beta), se = ct$SE, df = ct$df_Satt, p = ct$p_Satt,
       htz = list(F = wald$Fstat, q = wald$df_num, df = wald$df_denom, p = wald$p_val))
}
cat(toJSON(list(
  source = paste("metafor", packageVersion("metafor"), "with clubSandwich", packageVersion("clubSandwich")),
  rho = 0.5, data = list(yi = yi, vi = vi, trial = trial, kind = kind, year = year),
  cases = list(case("kind", ~ kind - 1, constrain_equal(1:3)), case("year", ~ year, constrain_zero(2)))
), auto_unbox = TRUE, digits = 14))
