namespace Interactive.Kernel.Scripting;

/// <summary>One way to go on writing.</summary>
/// <param name="Text">What replaces the range.</param>
/// <param name="Kind">function, class, struct, interface, enum, module (a namespace), property, field, instance (a
/// variable) or keyword: Jupyter's words.</param>
/// <param name="Start">Where the replaced range begins, in UTF-16 units.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Signature">The declaration, or the empty string.</param>
public sealed record CompletionItem(string Text, string Kind, int Start, int End, string Signature);
