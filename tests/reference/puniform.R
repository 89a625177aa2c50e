# p-uniform and p-uniform* by puniform.
source("bias_cases.R"); suppressMessages(library(puniform))
one_puni <- function(d) { yi<-d$yi; vi<-d$vi
  star <- lapply(c("ML","P"), function(me) tryv({ r <- puni_star(yi=yi, vi=vi, side="right", method=me, alpha=.05, control=list(tol=1e-12)); list(method=me, est=num(r$est), lb=num(r$ci.lb), ub=num(r$ci.ub), p0=num(r$pval.0), L0=num(r$L.0), tau2=num(r$tau2), tau2_lb=num(r$tau2.lb), tau2_ub=num(r$tau2.ub), L_het=num(r$L.het), p_het=num(r$pval.het), L_pb=num(r$L.pb), p_pb=num(r$pval.pb), k=num(r$k), k_sig=num(r$ksig)) }))
  p1 <- lapply(c("P","ML"), function(me) tryv({ r <- puniform(yi=yi, vi=vi, side="right", method=me, alpha=.05, plot=FALSE); list(method=me, est=num(r$est), lb=num(r$ci.lb), ub=num(r$ci.ub), L0=num(r$L.0), p0=num(r$pval.0), L_pb=num(r$L.pb), p_pb=num(r$pval.pb), ksig=num(r$ksig)) }))
  z <- yi/sqrt(vi); sg <- z > qnorm(.975); pp <- pnorm(z[sg], lower.tail=FALSE)*2; k <- sum(sg)
  pc <- if (k) { st <- function(q) { q <- pmin(pmax(q,2.2e-16),1-2.2e-16); z <- sum(qnorm(q))/sqrt(length(q)); list(z=z, p=pnorm(z)) }; half <- pp < .025
    ncp33 <- uniroot(function(n) pnorm(1.959963984540054,n,lower.tail=FALSE)+pnorm(-1.959963984540054,n)-1/3, c(0,5), tol=1e-14)$root; zz <- abs(z[sg])
    pow <- function(n) pnorm(qnorm(.975),n,lower.tail=FALSE)
    list(k=k, k_half=sum(half), right_skew_full=st(pp/.05), right_skew_half=if(sum(half)) st(pp[half]/.025) else NULL, binomial_half_p=pbinom(sum(half)-1, k, .5, lower.tail=FALSE)) } else list(k=0)
  c(d[c("id","note","yi","vi")], list(puni_star=star, puniform=p1, pcurve_own_arithmetic=pc)) }
write_ref("puniform", lapply(indep(), one_puni), "make_bias_other.R", "puniform::puni_star (van Aert & van Assen) ML and P, side right, alpha .05; puniform. pcurve_own_arithmetic: Stouffer right-skew test on pp=p/.05 (full) and p/.025 (half) of two-sided p of significant positive results (Simonsohn, Simmons & Nelson 2015, 10.1037/xge0000104), computed here from the paper's formulas, not by a package.", "puniform")
