# Reference values for network meta-analysis from metafor's rma.mv.
#
#   Rscript tests/reference/network.R > tests/reference/network.json
#
# One tau2 for every comparison is rma.mv's random = ~ treat | study with struct = "CS" and rho = 1/2 on contrasts
# with one arm of each study: random effects of two contrasts of a study then have correlation 1/2. Their sampling
# covariance is exact: (v_ib + v_jb - v_ij) / 2. Several optimisers with tight control are run from several starts
# and the best restricted likelihood is kept.
suppressMessages({library(metafor); library(metadat); library(jsonlite)})

pairs_of <- function(study, treat, theta, v) {
  # all contrasts of one study from arm effects and the matrix of variances of their differences
  ij <- t(combn(length(treat), 2))
  data.frame(study = study, arm_t = treat[ij[, 1]], arm_c = treat[ij[, 2]],
             yi = theta[ij[, 1]] - theta[ij[, 2]], vi = v[ij])
}
odds <- function(study, treat, events, n) {
  if (any(events == 0 | events == n)) { events <- events + .5; n <- n + 1 }
  a <- 1 / events + 1 / (n - events)
  pairs_of(study, treat, log(events / (n - events)), outer(a, a, "+"))
}
means <- function(study, treat, m, sd, n, smd) {
  if (!smd) return(pairs_of(study, treat, m, outer(sd^2 / n, sd^2 / n, "+")))
  N <- sum(n); df <- N - length(n)
  J <- exp(lgamma(df / 2) - log(sqrt(df / 2)) - lgamma((df - 1) / 2))
  g <- J * (m - m[1]) / sqrt(sum((n - 1) * sd^2) / df)
  pairs_of(study, treat, g, outer(1 / n, 1 / n, "+") + outer(g, g, "-")^2 / (2 * N))
}
arms_of <- function(...) { # arm columns 1, 2, 3 of a wide table -> a list of studies
  cols <- list(...); keep <- !is.na(cols[[1]]) & cols[[1]] != ""
  lapply(cols, function(x) x[keep])
}
by_study <- function(parts) do.call(rbind, parts)

refs <- fromJSON("tests/reference/netmeta.json", simplifyVector = TRUE, simplifyDataFrame = FALSE)$cases
given <- function(case) with(case$contrasts, data.frame(study = study, arm_t = treat1, arm_c = treat2, yi = TE, vi = seTE^2))

linde <- with(dat.linde2016, data.frame(study = as.character(id), arm_t = treat1, arm_c = treat2, yi = lnOR, vi = selnOR^2))
franchini <- function(smd) by_study(lapply(seq_len(nrow(dat.franchini2012)), function(i) {
  d <- dat.franchini2012[i, ]
  a <- lapply(c("Treatment", "y", "sd", "n"), function(x) unlist(d[paste0(x, 1:3)]))
  a <- do.call(arms_of, a)
  means(as.character(d$Study), a[[1]], a[[2]], a[[3]], a[[4]], smd)
}))
franchini_arms <- by_study(lapply(seq_len(nrow(dat.franchini2012)), function(i) {
  d <- dat.franchini2012[i, ]
  a <- do.call(arms_of, lapply(c("Treatment", "y", "sd", "n"), function(x) unlist(d[paste0(x, 1:3)])))
  data.frame(study = as.character(d$Study), node = a[[1]], mean = a[[2]], sd = a[[3]], n = a[[4]])
}))
hasselblad_arms <- with(dat.hasselblad1998, data.frame(study = as.character(study), node = trt, events = xi, n = ni))
hasselblad <- by_study(lapply(split(dat.hasselblad1998, dat.hasselblad1998$study), function(d)
  odds(as.character(d$study[1]), d$trt, d$xi, d$ni)))

# Contrasts with the first arm of each study, and their exact covariance.
basic <- function(d) {
  d$study <- as.character(d$study)
  v <- list(); rows <- list()
  for (s in unique(d$study)) {
    x <- d[d$study == s, ]; arms <- unique(c(x$arm_t, x$arm_c)); b <- arms[1]
    value <- function(i, j, what) {
      k <- which(x$arm_t == i & x$arm_c == j); if (length(k)) return(x[[what]][k])
      k <- which(x$arm_t == j & x$arm_c == i); if (what == "yi") -x$yi[k] else x$vi[k]
    }
    other <- arms[-1]
    rows[[s]] <- data.frame(study = s, treat = other, base = b, yi = sapply(other, function(i) value(i, b, "yi")))
    v[[s]] <- outer(seq_along(other), seq_along(other), Vectorize(function(i, j)
      if (i == j) value(other[i], b, "vi")
      else (value(other[i], b, "vi") + value(other[j], b, "vi") - value(other[i], other[j], "vi")) / 2))
  }
  list(dat = do.call(rbind, rows), V = as.matrix(Matrix::bdiag(v)))
}
controls <- list(list(optimizer = "nlminb", rel.tol = 1e-11, iter.max = 5000, eval.max = 10000),
                 list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-16, maxit = 20000),
                 list(optimizer = "optim", optmethod = "Nelder-Mead", reltol = 1e-16, maxit = 20000))

fit_one <- function(d) {
  b <- basic(d); trts <- sort(unique(c(d$arm_t, d$arm_c)), method = "radix")
  X <- matrix(0, nrow(b$dat), length(trts), dimnames = list(NULL, trts))
  X[cbind(seq_len(nrow(X)), match(b$dat$treat, trts))] <- 1
  X[cbind(seq_len(nrow(X)), match(b$dat$base, trts))] <- -1
  X <- X[, -1, drop = FALSE]
  dat <- b$dat; dat$arm <- factor(paste(dat$study, dat$treat))
  dat$inner <- factor(ave(seq_len(nrow(dat)), dat$study, FUN = seq_along))
  best <- NULL
  for (control in controls) for (start in c(.01, .1, .5)) {
    fit <- try(suppressWarnings(rma.mv(yi, b$V, mods = ~ X - 1, random = ~ inner | study, struct = "CS", rho = 1/2,
               data = dat, control = c(control, list(tau2.init = start)), sparse = FALSE)), silent = TRUE)
    if (!inherits(fit, "try-error") && (is.null(best) || c(logLik(fit)) > c(logLik(best)))) best <- fit
  }
  fixed <- rma.mv(yi, b$V, mods = ~ X - 1, data = dat)
  mats <- function(fit) {
    e <- c(0, coef(fit)); C <- rbind(0, cbind(0, vcov(fit)))
    list(estimates = outer(unname(e), unname(e), "-"),
         standard_errors = sqrt(pmax(outer(diag(C), diag(C), "+") - 2 * C, 0)) |> unname())
  }
  # Generalised method of moments, from Q and its expectation.
  W <- solve(b$V); P <- W - W %*% X %*% solve(t(X) %*% W %*% X) %*% t(X) %*% W
  S <- outer(dat$study, dat$study, "==") / 2; diag(S) <- 1
  dl <- max(0, (fixed$QE - (nrow(X) - ncol(X))) / sum(diag(P %*% S)))
  atdl <- rma.mv(yi, b$V, mods = ~ X - 1, random = ~ inner | study, struct = "CS", rho = 1/2, tau2 = dl, data = dat)
  # Saturated model: every design has effects of its own.
  design <- sapply(dat$study, function(s) {
    here <- dat$study == s
    paste(sort(unique(c(dat$treat[here], dat$base[here])), method = "radix"), collapse = ":")
  })
  full <- do.call(cbind, lapply(unique(design), function(g) {
    arms <- strsplit(g, ":")[[1]]
    sapply(arms[-1], function(a) (design == g) * ((dat$treat == a) - (dat$base == a)))
  }))
  dfw <- nrow(full) - ncol(full)
  Pf <- W - W %*% full %*% solve(t(full) %*% W %*% full) %*% t(full) %*% W
  Qw <- c(t(dat$yi) %*% Pf %*% dat$yi)
  tau2w <- if (dfw > 0) max(0, (Qw - dfw) / sum(diag(Pf %*% S))) else NA
  inter <- NA
  if (dfw > 0) {
    Wr <- solve(b$V + tau2w * S)
    rss <- function(Z) c(t(dat$yi) %*% (Wr - Wr %*% Z %*% solve(t(Z) %*% Wr %*% Z) %*% t(Z) %*% Wr) %*% dat$yi)
    inter <- rss(X) - rss(full)
  }
  list(treatments = trts, contrasts = d, Q = fixed$QE, Q_df = nrow(X) - ncol(X),
       EE = mats(fixed), DL = c(list(tau2 = dl), mats(atdl)),
       REML = c(list(tau2 = best$tau2), mats(best)),
       Q_within = Qw, Q_within_df = dfw, tau2_within = tau2w, Q_interaction = inter)
}

# netmeta 3.6 leaves out the sampling covariance of multi-arm studies when it estimates tau2 by REML from contrasts
# without arm data; the same shortcut in rma.mv gives its printed value.
shortcut <- local({
  d <- given(refs[[1]]); b <- basic(d)
  use <- d[!(d$study == "Willms1999" & d$arm_t != "plac" & d$arm_c != "plac"), ]
  trts <- sort(unique(c(d$arm_t, d$arm_c)))
  X <- t(sapply(seq_len(nrow(use)), function(i) (trts == use$arm_t[i]) - (trts == use$arm_c[i])))[, -1]
  use$inner <- factor(ave(seq_len(nrow(use)), use$study, FUN = seq_along))
  rma.mv(yi, vi, mods = ~ X - 1, random = ~ inner | study, struct = "CS", rho = 1/2, data = use,
         control = list(rel.tol = 1e-11))$tau2
})

cases <- c(
  setNames(lapply(refs, function(case) fit_one(given(case))), sapply(refs, function(case) case$id)),
  list(linde2016_OR = fit_one(linde),
       franchini2012_MD = c(fit_one(franchini(FALSE)), list(arms = franchini_arms, measure = "MD")),
       franchini2012_SMD = c(fit_one(franchini(TRUE)), list(arms = franchini_arms, measure = "SMD")),
       hasselblad1998_OR = c(fit_one(hasselblad), list(arms = hasselblad_arms, measure = "OR")))
)
cat(toJSON(list(source = "metafor rma.mv", metafor = as.character(packageVersion("metafor")),
                metadat = as.character(packageVersion("metadat")), R = R.version.string,
                senn2013_reml_tau2_without_covariance = shortcut, cases = cases),
           digits = 15, auto_unbox = TRUE, dataframe = "columns", na = "null"), "\n")
