"""What a factory is: factory, table, column, signal, cost, text. Values only, no algorithm, no input or output."""
