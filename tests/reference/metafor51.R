# Three data sets by metafor 5: prediction, profile-likelihood and Q-profile intervals. Writes metafor51.json where it runs.
stopifnot(packageVersion("metafor") >= "5.1")
# Values of metafor 5.1 that Debian's 3.8 does not compute (Riley prediction interval, profile-likelihood CIs), tight controls.
# Needs metafor >= 5.1, metadat, jsonlite (PEERS_RLIB names an extra library folder).
if (nzchar(Sys.getenv("PEERS_RLIB"))) .libPaths(c(Sys.getenv("PEERS_RLIB"), .libPaths()))
suppressMessages({library(metafor); library(jsonlite); library(metadat)})
num <- function(x) unname(as.numeric(x))
sets <- list(bcg_rr = escalc("RR", ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg),
             normand_smd = escalc("SMD", m1i=m1i, sd1i=sd1i, n1i=n1i, m2i=m2i, sd2i=sd2i, n2i=n2i, data=dat.normand1999),
             raudenbush = dat.raudenbush1985)
out <- list(metafor=as.character(packageVersion("metafor")), cases=list())
for (id in names(sets)) { d <- sets[[id]]
  r <- rma(yi, vi, data=d, method="REML", control=list(maxiter=2000, threshold=1e-13, tol=1e-13)); k <- rma(yi, vi, data=d, method="REML", test="knha", control=list(maxiter=2000, threshold=1e-13, tol=1e-13))
  pi1 <- function(f, t) { p <- tryCatch(predict(f, predtype=t), error=function(e) tryCatch(predict(f, pi.type=t), error=function(e) NULL)); if (is.null(p)) NULL else num(c(p$pi.lb, p$pi.ub)) }
  ml <- rma(yi, vi, data=d, method="ML", control=list(maxiter=2000, threshold=1e-13, tol=1e-13))
  cf <- function(f, ...) { x <- tryCatch(confint(f, ...)$random, error=function(e) NULL); if (is.null(x)) NULL else list(tau2=num(x[1,2:3]), I2=num(x[3,2:3]), H2=num(x[4,2:3])) }
  out$cases[[length(out$cases)+1]] <- list(id=id, yi=num(d$yi), vi=num(d$vi), reml=list(tau2=r$tau2, estimate=num(r$beta), se=num(r$se), logLik=num(logLik(r))), ml=list(tau2=ml$tau2, logLik=num(logLik(ml))),
    pi_default_z={p <- predict(r); num(c(p$pi.lb,p$pi.ub))}, pi_default_knha={p <- predict(k); num(c(p$pi.lb,p$pi.ub))}, pi_riley_z=pi1(r,"Riley"), pi_riley_knha=pi1(k,"Riley"),
    ci_qprofile=cf(r), ci_profile_reml=cf(r, type="PL"), ci_profile_ml=cf(ml, type="PL"), ci_generalised_q_dl=cf(rma(yi,vi,data=d,method="GENQ",weights=1/d$vi)),
    henmi_copas={h <- tryCatch(hc(rma(yi,vi,data=d,method="DL")), error=function(e) NULL); if (is.null(h)) NULL else list(estimate=num(h$beta), ci=num(c(h$ci.lb,h$ci.ub)))})
}
writeLines(toJSON(out, digits=NA, auto_unbox=TRUE, na="null", null="null"), "metafor51.json"); cat("ok\n")
