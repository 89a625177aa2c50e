# Begg and Mazumdar's test and the Henmi-Copas interval by metafor; and trim and fill with Q0, Peters' regression by lm.
suppressMessages({library(metadat); library(metafor); library(jsonlite)})
num <- function(x) unname(as.numeric(x))
cases <- lapply(read_json("selection.json", simplifyVector=FALSE)$cases, function(d) { yi <- num(d$yi); vi <- num(d$vi)
  h <- hc(rma(yi, vi, method="DL")); r <- ranktest(yi, vi)
  fill <- lapply(c(left="left", right="right"), function(s) { f <- trimfill(rma(yi, vi, method="REML", control=list(threshold=1e-13, maxiter=5000)), side=s, estimator="Q0"); list(k0=f$k0, b=num(f$beta), se=num(f$se)) })
  list(id=d$id, yi=yi, vi=vi, hc=list(b=num(h$beta), se=num(h$se), lb=num(h$ci.lb), ub=num(h$ci.ub)), ranktest=list(tau=num(r$tau), p=num(r$pval)), q0=fill) })
b <- escalc("OR", ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg); n <- b$tpos + b$tneg + b$cpos + b$cneg; e <- b$tpos + b$cpos
s <- summary(lm(b$yi ~ I(1/n), weights=e*(n-e)/n))$coefficients
peters <- list(yi=num(b$yi), vi=num(b$vi), event_t=b$tpos, event_c=b$cpos, n_t=b$tpos+b$tneg, n_c=b$cpos+b$cneg, slope=num(s[2,1]), se=num(s[2,2]), p=num(s[2,4]))
source <- list(script="rank_test.R", R=paste0(R.version$major, ".", R.version$minor), metafor=as.character(packageVersion("metafor")), note="to 1e-6")
writeLines(toJSON(list(source=source, cases=cases, peters=peters), auto_unbox=TRUE, digits=NA), "rank_test.json")
