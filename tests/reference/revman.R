# Writes revman.json: a small invented review, pooled as Review Manager 5 pools (Deeks & Higgins,
# Statistical algorithms in Review Manager 5, 2010), with metafor doing the pooling.
# Run from this folder: Rscript revman.R
suppressMessages({library(metafor); library(jsonlite)})
z <- qnorm(0.975)
study <- c("Adler 1999", "Berger 2003", "Conti 2005", "Dubois 2010", "Egger 2012", "Falk 2014")
group <- c("Short-term (less than 3 months)", "Short-term (less than 3 months)", "Short-term (less than 3 months)",
           "Long-term (9 months or more)", "Long-term (9 months or more)", "Long-term (9 months or more)")
dich <- data.frame(study, group, e1 = c(4, 11, 0, 9, 7, 15), n1 = c(25, 40, 18, 33, 29, 61),
                   e2 = c(9, 14, 3, 16, 7, 24), n2 = c(24, 41, 20, 35, 30, 58))
cont <- data.frame(study, group, m1 = c(12.1, 9.8, 14.2, 8.8, 11.5, 10.2), s1 = c(6.1, 5.2, 7.7, 4.9, 6.6, 5.5),
                   n1 = c(25, 40, 18, 33, 29, 61), m2 = c(15.3, 12.9, 14.9, 13.4, 11.1, 14.8),
                   s2 = c(6.8, 5.9, 7.1, 5.8, 6.2, 6.1), n2 = c(24, 41, 20, 35, 30, 58))
gen <- data.frame(study, group, est = c(-0.31, -0.12, 0.05, -0.55, -0.2, -0.62), se = c(0.21, 0.16, 0.25, 0.19, 0.2, 0.14))
oe <- data.frame(study, group, oe = c(-3.2, -1.1, 0.4, -5.5, -0.9, -6.1), v = c(7.1, 9.4, 4.2, 11.3, 6.6, 13.9))

smd <- function(d) {  # Review Manager's forms, not metafor's
  N <- d$n1 + d$n2
  s <- sqrt(((d$n1 - 1) * d$s1^2 + (d$n2 - 1) * d$s2^2) / (N - 2))
  g <- (d$m1 - d$m2) / s * (1 - 3 / (4 * N - 9))
  list(yi = g, vi = N / (d$n1 * d$n2) + g^2 / (2 * (N - 3.94)))
}
effects <- function(d, kind, measure, method) {
  if (kind == "generic") return(list(yi = d$est, vi = d$se^2))
  if (kind == "o-e") return(list(yi = d$oe / d$v, vi = 1 / d$v))
  if (kind == "continuous" && measure == "SMD") return(smd(d))
  if (kind == "continuous") return(list(yi = d$m1 - d$m2, vi = d$s1^2 / d$n1 + d$s2^2 / d$n2))
  peto <- method == "PETO"  # needs no correction of empty cells
  escalc(if (peto) "PETO" else measure, ai = d$e1, n1i = d$n1, ci = d$e2, n2i = d$n2, add = if (peto) 0 else 1/2,
         to = if (peto) "none" else "only0")
}
pool <- function(d, kind, measure, method, random) {
  es <- effects(d, kind, measure, method); k <- length(es$yi)
  common <- if (method == "MH")
    rma.mh(measure = measure, ai = d$e1, n1i = d$n1, ci = d$e2, n2i = d$n2, correct = FALSE, add = c(1/2, 1/2),
           to = c("only0", "only0"))
  else rma(yi = es$yi, vi = es$vi, method = "EE")
  Q <- common$QE; w <- 1 / es$vi
  tau2 <- if (random) max(0, (Q - (k - 1)) / (sum(w) - sum(w^2) / sum(w))) else 0
  fit <- if (random) rma(yi = es$yi, vi = es$vi, tau2 = tau2, test = "z") else common
  est <- as.numeric(fit$beta)
  list(k = k, estimate = est, se = fit$se, ci_low = est - z * fit$se, ci_high = est + z * fit$se,
       statistic = abs(est / fit$se), p = 2 * pnorm(-abs(est / fit$se)), tau2 = tau2, Q = Q, Q_df = k - 1,
       weights = as.numeric(weights(fit)), Q_p = pchisq(Q, k - 1, lower.tail = FALSE), I2 = max(0, 100 * (Q - (k - 1)) / Q))
}
specs <- list(
  list(kind = "dichotomous", measure = "OR", method = "MH", random = FALSE, data = "dich"),
  list(kind = "dichotomous", measure = "RR", method = "MH", random = TRUE, data = "dich"),
  list(kind = "dichotomous", measure = "RD", method = "IV", random = FALSE, data = "dich_no_zero"),
  list(kind = "dichotomous", measure = "OR", method = "PETO", random = FALSE, data = "dich"),
  list(kind = "continuous", measure = "MD", method = "IV", random = FALSE, data = "cont"),
  list(kind = "continuous", measure = "SMD", method = "IV", random = TRUE, data = "cont"),
  list(kind = "generic", measure = "HR", method = "IV", random = TRUE, data = "gen"),
  list(kind = "o-e", measure = "HR", method = "PETO", random = FALSE, data = "oe"))
data <- list(dich = dich, dich_no_zero = dich[-3, ], cont = cont, gen = gen, oe = oe)
# Every way in which a review can pool: method, measure, fixed and random.
ways <- function(kind, data, measures, methods) do.call(c, lapply(measures, function(measure) do.call(c, lapply(methods,
  function(method) lapply(c(FALSE, TRUE), function(random)
    list(kind = kind, measure = measure, method = method, random = random, data = data))))))
combinations <- c(
  ways("dichotomous", "dich", c("OR", "RR"), c("MH", "IV")),
  ways("dichotomous", "dich_no_zero", "RD", c("MH", "IV")), # with an empty cell Review Manager has a rule of its own
  list(list(kind = "dichotomous", measure = "OR", method = "PETO", random = FALSE, data = "dich")),
  ways("continuous", "cont", c("MD", "SMD"), "IV"),
  ways("generic", "gen", "HR", "IV"),
  list(list(kind = "o-e", measure = "HR", method = "PETO", random = FALSE, data = "oe")))
total <- function(s) {
  d <- data[[s$data]]
  parts <- lapply(unique(d$group), function(g) pool(d[d$group == g, ], s$kind, s$measure, s$method, s$random))
  names(parts) <- unique(d$group)
  between <- rma(yi = sapply(parts, `[[`, "estimate"), sei = sapply(parts, `[[`, "se"), method = "EE")
  c(s, list(overall = pool(d, s$kind, s$measure, s$method, s$random), subgroups = parts,
            between = list(Q = between$QE, p = between$QEp, I2 = max(0, 100 * (between$QE - 1) / between$QE))))
}
write_json(list(source = paste("metafor", packageVersion("metafor"), R.version.string), data = data, analyses = lapply(specs, total),
                combinations = lapply(combinations, total)),
           "revman.json", digits = 15, auto_unbox = TRUE, dataframe = "columns", pretty = TRUE)
