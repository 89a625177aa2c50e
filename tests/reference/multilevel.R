# Reference values for the three-level model and its cluster-robust inference.
#
#   Rscript tests/reference/multilevel.R > tests/reference/multilevel.json
#
# Two optimisers with tight control are run from several starts; the better restricted likelihood is kept.
suppressMessages({library(metafor); library(metadat); library(clubSandwich); library(jsonlite)})

sets <- list(
  konstantopoulos2011 = with(dat.konstantopoulos2011, data.frame(yi = c(yi), vi = vi, cluster = district)),
  assink2016 = with(dat.assink2016, data.frame(yi = c(yi), vi = vi, cluster = study)),
  berkey1998 = with(dat.berkey1998, data.frame(yi = c(yi), vi = vi, cluster = trial)),
  bornmann2007 = {
    es <- escalc(measure = "OR", ai = waward, n1i = wtotal, ci = maward, n2i = mtotal, data = dat.bornmann2007)
    data.frame(yi = c(es$yi), vi = es$vi, cluster = as.integer(factor(es$study)))
  },
  crede2010 = {
    es <- escalc(measure = "ZCOR", ri = ri, ni = ni, data = dat.crede2010)
    data.frame(yi = c(es$yi), vi = es$vi, cluster = es$studyid)
  },
  tannersmith2016 = with(dat.tannersmith2016, data.frame(yi = c(yi), vi = vi, cluster = studyid)),
  knapp2017 = with(dat.knapp2017, data.frame(yi = c(yi), vi = vi, cluster = study)),
  curtis1998 = {
    es <- escalc(measure = "ROM", m1i = m2i, sd1i = sd2i, n1i = n2i, m2i = m1i, sd2i = sd1i, n2i = n1i,
                 data = dat.curtis1998)
    data.frame(yi = c(es$yi), vi = es$vi, cluster = es$paper)
  },
  # No heterogeneity to find: both variances are at their boundary.
  flat = data.frame(yi = c(.31, .30, .29, .30, .31, .30, .29, .30), vi = c(.04, .05, .06, .04, .05, .07, .05, .04),
                    cluster = c(1, 1, 2, 2, 3, 4, 4, 5))
)

# Where an optimiser gives up at the tightest tolerance, the next one is looser.
controls <- list(
  list(optimizer = "nlminb", rel.tol = 1e-15, x.tol = 1e-12, iter.max = 5000, eval.max = 10000),
  list(optimizer = "optim", optmethod = "Nelder-Mead", reltol = 1e-16, maxit = 20000),
  list(optimizer = "nlminb", rel.tol = 1e-12),
  list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-14, maxit = 5000)
)
starts <- list(c(.01, .01), c(.2, .02), c(.02, .2))

tight <- function(dat, V, sigma2 = c(NA, NA)) {
  best <- NULL
  for (i in seq_along(controls)) for (start in starts) {
    if (i > 2 && !is.null(best)) break
    control <- controls[[i]]
    fit <- try(suppressWarnings(rma.mv(yi, V, random = ~ 1 | cluster/row, data = dat, sigma2 = sigma2,
               control = c(control, list(sigma2.init = start)))), silent = TRUE)
    if (inherits(fit, "try-error")) next
    if (is.null(best) || c(logLik(fit)) > c(logLik(best))) best <- fit
  }
  best
}

# Profile-likelihood ends of one variance. rma.mv's own search (confint) gives up where one of its many inner
# fits does not reach the tightest tolerance, so the root is looked for here, in the likelihoods of rma.mv.
ends <- function(dat, V, fit, which) {
  at <- function(value) {
    sigma2 <- c(NA, NA); sigma2[which] <- value
    best <- -Inf
    for (control in list(list(rel.tol = 1e-14), list(rel.tol = 1e-10), list(optimizer = "BFGS"))) {
      found <- try(suppressWarnings(rma.mv(yi, V, random = ~ 1 | cluster/row, data = dat, sigma2 = sigma2,
                   control = control)), silent = TRUE)
      if (!inherits(found, "try-error")) best <- max(best, c(logLik(found)))
    }
    2 * (c(logLik(fit)) - best) - qchisq(.95, 1)
  }
  top <- max(fit$sigma2[which], .01)
  repeat { top <- 2 * top; if (at(top) > 0) break }
  upper <- uniroot(at, c(fit$sigma2[which], top), tol = 1e-11)$root
  lower <- if (fit$sigma2[which] < 1e-8 || at(0) < 0) 0 else uniroot(at, c(0, fit$sigma2[which]), tol = 1e-11)$root
  c(lower, upper)
}

one <- function(name, rho) {
  dat <- sets[[name]]
  dat$row <- seq_len(nrow(dat))
  dat <- dat[order(dat$cluster, dat$row), ]
  dat$row <- seq_len(nrow(dat))
  V <- if (is.na(rho)) diag(dat$vi) else
    as.matrix(Matrix::bdiag(impute_covariance_matrix(dat$vi, cluster = dat$cluster, r = rho)))
  fit <- tight(dat, V)
  two <- tight(dat, V, c(0, NA))
  cluster_only <- tight(dat, V, c(NA, 0))
  zero_like <- fit$sigma2 < 1e-8
  ct <- coef_test(fit, vcov = "CR2", cluster = dat$cluster)
  ci <- conf_int(fit, vcov = "CR2", cluster = dat$cluster)
  t_fit <- rma.mv(yi, V, random = ~ 1 | cluster/row, data = dat, sigma2 = fit$sigma2, test = "t", dfs = "contain")
  W <- solve(V); X <- matrix(1, nrow(dat))
  P <- W - W %*% X %*% solve(t(X) %*% W %*% X) %*% t(X) %*% W
  typical <- (nrow(dat) - 1) / sum(diag(P))
  profile <- if (is.na(rho) || rho == .6)
    rbind(ends(dat, V, fit, 1), ends(dat, V, fit, 2))
  list(id = paste0(name, if (is.na(rho)) "" else paste0("_rho", rho)), data = name, rho = rho,
       order = order(sets[[name]]$cluster, seq_len(nrow(dat))),
       sigma2 = fit$sigma2, at_zero = zero_like, log_likelihood = c(logLik(fit)),
       log_likelihood_two_level = c(logLik(two)), log_likelihood_cluster_only = c(logLik(cluster_only)),
       estimate = c(fit$b), se = fit$se, ci = c(fit$ci.lb, fit$ci.ub), p = fit$pval,
       t_df = unname(t_fit$ddf), t_ci = c(t_fit$ci.lb, t_fit$ci.ub), t_p = t_fit$pval,
       Q = fit$QE, Q_p = fit$QEp, I2 = 100 * fit$sigma2 / (sum(fit$sigma2) + typical),
       weights = unname(weights(fit, type = "rowsum")),
       robust = list(se = ct$SE, df = if (is.null(ct$df)) ct$df_Satt else ct$df, p = ct$p_Satt,
                     statistic = ct$tstat, ci = c(ci$CI_L, ci$CI_U)),
       sigma2_ci = profile)
}

cases <- list()
for (name in names(sets)) for (rho in c(NA, .3, .6, .9)) {
  message(name, " ", rho)
  cases[[length(cases) + 1]] <- one(name, rho)
}
cat(toJSON(list(
  source = paste0("metafor ", packageVersion("metafor"), " rma.mv (REML), clubSandwich ",
                  packageVersion("clubSandwich"), " coef_test/conf_int (CR2), metadat ", packageVersion("metadat")),
  script = "multilevel.R", data = sets, cases = cases), digits = 16, auto_unbox = TRUE, dataframe = "columns", na = "null"))
