using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>A timeout that the code fixes, and the expression that a fix replaces.</summary>
internal readonly struct ConstantTimeout
{
    private ConstantTimeout(IOperation value, double milliseconds, string unit)
    {
        Value = value;
        Milliseconds = milliseconds;
        Unit = unit;
    }

    /// <summary>In the body that sets the timeout: the initializer of a local, else what is written there.</summary>
    internal IOperation Value { get; }

    internal double Milliseconds { get; }

    internal string Unit { get; }

    /// <summary>
    /// The constant behind <paramref name="value"/>, through locals and read-only fields that have one value; <see langword="null"/>
    /// for what a configuration or a caller decides.
    /// </summary>
    internal static ConstantTimeout? Of(IOperation value, SocketModel model, CancellationToken cancellationToken)
    {
        const int Hops = 4;
        IOperation marked = value;
        value = value.Unwrap();
        for (int i = 0; i < Hops && value is ILocalReferenceOperation && OnlyValue.Of(value, model, cancellationToken) is { } only; i++)
        {
            marked = value = only.Unwrap();
        }

        for (int i = 0; i < Hops; i++)
        {
            if (Duration.TryGetMilliseconds(value, model.Types, out double milliseconds, out string unit))
            {
                return new ConstantTimeout(marked, milliseconds, UnitOf(marked, unit));
            }

            IOperation? next = value switch
            {
                IFieldReferenceOperation => OnlyValue.Of(value, model, cancellationToken),
                IPropertyReferenceOperation { Property: { Name: "TotalMilliseconds" } total, Instance: { } span } when KnownTypes.Is(total.ContainingType, model.Types.TimeSpan) => span,
                _ => null,
            };
            if (next is null)
            {
                return null;
            }

            value = next.Unwrap();
        }

        return null;
    }

    private static string UnitOf(IOperation marked, string unit) =>
        marked.Type is { SpecialType: SpecialType.None } ? unit : DiagnosticProperties.UnitMilliseconds;
}
