# Seconds of one CHE fit with CR2, and its log-likelihood and mean, as one line of JSON: Rscript clustered.R TABLE RHO
# TABLE is a CSV with the columns yi, vi, cluster.

suppressMessages({library(metafor); library(clubSandwich)})
given <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(given[1])
rows$row <- seq_len(nrow(rows))
rho <- as.numeric(given[2])

fit <- function() {
  V <- vcalc(vi, cluster = cluster, obs = row, rho = rho, data = rows)
  r <- rma.mv(yi, V, random = ~ 1 | cluster/row, data = rows)
  list(r = r, robust = robust(r, cluster = cluster, clubSandwich = TRUE))
}
clock <- function() {
  start <- Sys.time()
  fit()
  as.numeric(difftime(Sys.time(), start, units = "secs"))
}
found <- fit()
cat(sprintf('{"seconds": %.9g, "log_likelihood": %.15g, "estimate": %.15g, "se": %.15g, "df": %.15g}\n',
            min(replicate(15, clock())), c(logLik(found$r)), c(found$r$beta), found$robust$se,
            found$robust$dfs[1]))
