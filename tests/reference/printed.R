# Effects as trials print them: Rscript printed.R > printed.json
# - medians: equations of Luo 2018, Wan 2014, Shi 2020 and the skew test of Shi 2023 as metafor's conv.fivenum() has them; quantile
#   estimation (McGrath 2020) by optim() over both parameters of each family, in logs, best of two optimisers. "estmeansd" is the
#   value that the README of the R package estmeansd prints.
# - SMDH by escalc(); metafor before 4 multiplies the variance by J^2, later versions do not: divided out here.
# - SMCRP: not in metafor 3.8: its later formula, own arithmetic.
# - d_ppc2: the code of the metafor site (analyses:morris2008); "morris" are the values of table 5 of Morris 2008, two digits.
# - t: escalc(ti=); F of one degree of freedom is t^2; p by qt().
suppressMessages({library(metafor); library(jsonlite)})
J <- function(m) metafor:::.cmicalc(m)
families <- list(
  "normal" = list(q = function(p, a, b) qnorm(p, a, exp(b)), m = function(a, b) a, s = function(a, b) exp(b)),
  "log-normal" = list(q = function(p, a, b) qlnorm(p, a, exp(b)), m = function(a, b) exp(a + exp(b)^2 / 2), s = function(a, b) sqrt(expm1(exp(b)^2)) * exp(a + exp(b)^2 / 2)),
  "gamma" = list(q = function(p, a, b) qgamma(p, exp(a), scale = exp(b)), m = function(a, b) exp(a + b), s = function(a, b) exp(a / 2 + b)),
  "Weibull" = list(q = function(p, a, b) qweibull(p, exp(a), exp(b)), m = function(a, b) exp(b) * gamma(1 + exp(-a)), s = function(a, b) exp(b) * sqrt(gamma(1 + 2 * exp(-a)) - gamma(1 + exp(-a))^2)))
qe <- function(p, q, m, s) {
  start <- list(c(m, log(s)), c(log(m) - log1p((s / m)^2) / 2, log(sqrt(log1p((s / m)^2)))), c(log((m / s)^2), log(s^2 / m)), c(log((m / s)^1.086), log(m)))
  best <- NULL
  for (i in seq_along(families)) {
    f <- families[[i]]; loss <- function(th) { x <- f$q(p, th[1], th[2]); if (all(is.finite(x))) sum((x - q)^2) else 1e10 }
    fits <- list(optim(start[[i]], loss, control = list(reltol = 1e-15, maxit = 20000)))
    fits[[2]] <- optim(fits[[1]]$par, loss, control = list(reltol = 1e-15, maxit = 20000))
    fit <- fits[[which.min(sapply(fits, `[[`, "value"))]]
    if (is.null(best) || fit$value < best$value) best <- list(value = fit$value, family = names(families)[i], mean = f$m(fit$par[1], fit$par[2]), sd = f$s(fit$par[1], fit$par[2]))
  }
  best
}
arm <- function(min = NA, q1 = NA, median, q3 = NA, max = NA, n) {
  xi <- 2 * qnorm((n - .375) / (n + .25)); eta <- 2 * qnorm((.75 * n - .125) / (n + .25))
  range <- !is.na(min); iqr <- !is.na(q1)
  if (range && !iqr) { w <- 4 / (4 + n^.75); mean <- w * (min + max) / 2 + (1 - w) * median; sd <- (max - min) / xi
    skew <- abs(min + max - 2 * median) / (max - min); limit <- 1 / log(n + 9) + 2.5 / (n + 1); p <- c(1 / n, .5, 1 - 1 / n); q <- c(min, median, max) }
  if (iqr && !range) { w <- .7 + .39 / n; mean <- w * (q1 + q3) / 2 + (1 - w) * median; sd <- (q3 - q1) / eta
    skew <- abs(q1 + q3 - 2 * median) / (q3 - q1); limit <- 2.65 / sqrt(n) - 6 / n^2; p <- c(.25, .5, .75); q <- c(q1, median, q3) }
  if (iqr && range) { w1 <- 2.2 / (2.2 + n^.75); w2 <- .7 - .72 / n^.55; mean <- w1 * (min + max) / 2 + w2 * (q1 + q3) / 2 + (1 - w1 - w2) * median
    w <- 1 / (1 + .07 * n^.6); sd <- w * (max - min) / xi + (1 - w) * (q3 - q1) / eta
    skew <- max(2.65 * log(.6 * n) / sqrt(n) * abs(min + max - 2 * median) / (max - min), abs(q1 + q3 - 2 * median) / (q3 - q1)); limit <- 3 / sqrt(n) - 40 / n^3
    p <- c(1 / n, .25, .5, .75, 1 - 1 / n); q <- c(min, q1, median, q3, max) }
  fit <- qe(p, q, mean, sd)
  list(inputs = list(min = min, q1 = q1, median = median, q3 = q3, max = max, n = n), normal = list(mean = mean, sd = sd),
    skew = skew, limit = limit, skewed = skew >= limit, qe = fit[c("family", "mean", "sd", "value")])
}
rows <- list(list(min = 2, median = 4, max = 9, n = 100), list(q1 = 8, median = 12, q3 = 17, n = 40), list(q1 = 3, median = 5, q3 = 12, n = 60),
  list(q1 = 10, median = 11, q3 = 22, n = 35), list(min = 0.5, q1 = 3, median = 6, q3 = 14, max = 60, n = 80), list(min = 1, q1 = 9, median = 13, q3 = 18, max = 29, n = 52),
  list(min = 5, median = 18, max = 33, n = 25), list(min = 1, median = 6, max = 52, n = 90), list(q1 = 20, median = 31, q3 = 36, n = 200))
medians <- lapply(rows, function(r) do.call(arm, r))
one <- function(name, inputs, yi, vi, ...) c(list(id = name, inputs = inputs, yi = yi, vi = vi), list(...))
h <- data.frame(mean_t = c(12, 30.5, 7, 1.2), sd_t = c(5, 12, 1, .4), n_t = c(30, 12, 80, 5), mean_c = c(15, 24.5, 7.4, .7), sd_c = c(9, 6, 3, .3), n_c = c(28, 40, 75, 6))
e <- with(h, escalc("SMDH", m1i = mean_t, sd1i = sd_t, n1i = n_t, m2i = mean_c, sd2i = sd_c, n2i = n_c))
smdh <- one("SMDH", as.list(h), as.numeric(e$yi), as.numeric(e$vi) / (if (packageVersion("metafor") < "4") J(h$n_t + h$n_c - 2)^2 else 1))
m <- data.frame(mean_pre = c(30.6, 23.5, .5, 53.4, 35.6), mean_post = c(38.5, 26.8, .7, 75.9, 36), sd_pre = c(15, 3.1, .1, 14.5, 4.7), sd_post = c(11.6, 4.1, .1, 4.4, 4.6), n = c(20, 50, 9, 10, 14), r = c(.47, .64, .77, .89, .44))
k <- data.frame(mean_pre = c(23.1, 24.9, .6, 55.7, 34.8), mean_post = c(19.7, 25.3, .6, 60.7, 33.4), sd_pre = c(13.8, 4.1, .2, 17.3, 3.1), sd_post = c(14.8, 3.3, .2, 17.9, 6.9), n = c(20, 42, 9, 11, 14))
d <- J(2 * (m$n - 1) / (1 + m$r^2)) * (m$mean_post - m$mean_pre) / sqrt((m$sd_pre^2 + m$sd_post^2) / 2)
smcrp <- one("SMCRP", as.list(m), d, 2 * (1 - m$r) / m$n + d^2 * (1 + m$r^2) / (4 * m$n))
pooled <- sqrt(((m$n - 1) * m$sd_pre^2 + (k$n - 1) * k$sd_pre^2) / (m$n + k$n - 2))
yi <- J(m$n + k$n - 2) * ((m$mean_post - m$mean_pre) - (k$mean_post - k$mean_pre)) / pooled
ppc2 <- one("PPC2", list(mean_t = m$mean_post, mean_pre_t = m$mean_pre, sd_pre_t = m$sd_pre, n_t = m$n, mean_c = k$mean_post, mean_pre_c = k$mean_pre, sd_pre_c = k$sd_pre, n_c = k$n, r = m$r),
  yi, 2 * (1 - m$r) * (1 / m$n + 1 / k$n) + yi^2 / (2 * (m$n + k$n)), morris = c(.77, .80, 1.20, 1.05, .44))
t <- data.frame(t = c(-3.1, 1.2, 2.5), n_t = c(12, 100, 7), n_c = c(9, 140, 30))
e <- with(t, escalc("SMD", ti = t, n1i = n_t, n2i = n_c))
tests <- one("t", as.list(t), as.numeric(e$yi), as.numeric(e$vi), f = t$t^2, p = 2 * pt(-abs(t$t), t$n_t + t$n_c - 2))
cat(toJSON(list(source = list(script = "printed.R", R = R.version.string, metafor = as.character(packageVersion("metafor")),
  estmeansd = list(inputs = list(min = 2, median = 4, max = 9, n = 100), mean = 4.347284, sd = 1.502171)),
  medians = medians, effects = list(smdh, smcrp, ppc2, tests)), digits = I(17), auto_unbox = TRUE, na = "null", null = "null", pretty = 1), "\n")
