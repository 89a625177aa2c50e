# How the manuals of metafor and clubSandwich print the works that a paragraph on methods can refer to, by their DOIs:
# renewed in works.json, which holds the lines of other manuals too, copied from the pages that it names.
suppressMessages({library(jsonlite); library(tools)})
known <- fromJSON("works.json", simplifyVector = FALSE)
dois <- setdiff(names(known$works), known$copied)
found <- list()
for (package in c("metafor", "clubSandwich")) {
  pages <- Rd_db(package)
  for (page in names(pages)) {
    text <- trimws(capture.output(Rd2txt(pages[[page]], options = list(underline_titles = FALSE, width = 2000))))
    for (doi in setdiff(dois, names(found))) {
      lines <- text[grepl(tolower(doi), tolower(text), fixed = TRUE)]
      if (length(lines)) found[[doi]] <- list(line = lines[[1]], manual = paste(package, packageVersion(package)),
        page = sub("\\.Rd$", "", page))
    }
  }
}
known$works[dois] <- found[dois]
write(toJSON(known, auto_unbox = TRUE, pretty = TRUE), "works.json")
