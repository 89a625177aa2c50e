# Pools of the Metapsy depression release by metafor, from the release's own g and standard errors:
# PDT against control, one effect a trial (HDRS before BDI before any other, then by instrument and row).
#   Rscript tests/reference/published.R > tests/reference/published.json
suppressMessages({library(metafor); library(jsonlite)})
d <- read.csv("data/trials.csv")
d <- d[d$source_id == "metapsy_depression_psyctr" & d$comparison == "pdt_vs_control" & d$status == "ok", ]
rank <- ifelse(grepl("^hdrs", tolower(d$instrument)), 1, ifelse(grepl("^bdi", tolower(d$instrument)), 2, 3))
d <- d[order(d$trial_id, rank, tolower(d$instrument), d$row_id), ]
d <- d[!duplicated(d$trial_id), ]
one <- function(method, test) {
  f <- rma(reported, sei = reported_se, data = d, method = method, test = test)
  list(method = method, test = test, k = f$k, estimate = as.numeric(f$beta), ci = c(f$ci.lb, f$ci.ub),
       tau2 = f$tau2, I2 = f$I2)
}
cat(toJSON(list(
  source = paste("metafor", packageVersion("metafor")), rows = d$row_id,
  cases = list(one("REML", "z"), one("DL", "z"), one("REML", "knha"))
), auto_unbox = TRUE, digits = 12))
