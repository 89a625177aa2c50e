# Beta selection models by metafor.
source("bias_cases.R")
beta1 <- function(d) { r0 <- rma(d$yi,d$vi,method="ML",control=list(threshold=1e-13,maxiter=5000)); f <- tryv({ setTimeLimit(elapsed=150, transient=TRUE); selmodel(r0,type="beta",alternative="greater",control=list(optimizer="BFGS",reltol=1e-10)) }); setTimeLimit()
  cat(d$id, if(inherits(f,"rma")) "ok" else f$error, "\n"); if (!inherits(f,"rma")) return(NULL)
  c(d[c("id","note","yi","vi")], list(b=num(f$beta), se=num(f$se), tau2=f$tau2, delta=num(f$delta), se_delta=num(f$se.delta), logLik=num(logLik(f)), LRT=num(f$LRT), LRTp=num(f$LRTp))) }
D <- Filter(function(d) length(d$yi)<=42, indep()); write_ref("selection_beta", Filter(Negate(is.null), lapply(D, beta1)), "make_beta.R", "selmodel(type='beta', alternative='greater'), ML, BFGS reltol 1e-10 (numerical integration: compare b to 1e-4, logLik to 1e-6). Cases that took over 150 s were left out.")
