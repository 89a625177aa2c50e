"""Tables with some cells turned, to see whether a verdict follows."""


def changed(table, where, **values):
    table = table.copy()
    rows = where(table)
    assert rows.any()
    for name, value in values.items():
        table.loc[rows, name] = value
    return table
