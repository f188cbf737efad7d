using System;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>Times that the code fixes as constants, in milliseconds.</summary>
internal static class Duration
{
    /// <summary>
    /// Whether <paramref name="value"/> is always zero: a constant, <c>TimeSpan.Zero</c>, <c>default</c>, or a local or readonly field that has
    /// no other value.
    /// </summary>
    internal static bool IsZero(IOperation value, SocketBody body, CancellationToken cancellationToken) => IsZero(value, body, 0, cancellationToken);

    /// <summary>
    /// The constant that <paramref name="value"/> is, an <c>int</c> of milliseconds or a <c>TimeSpan</c> made of constants; false for
    /// what a configuration or a caller decides.
    /// </summary>
    internal static bool TryGetMilliseconds(IOperation value, KnownTypes types, out double milliseconds, out string unit)
    {
        value = value.Unwrap();
        unit = DiagnosticProperties.UnitMilliseconds;
        if (value.IsConstant(out long whole))
        {
            milliseconds = whole;
            return true;
        }

        unit = DiagnosticProperties.UnitTimeSpan;
        milliseconds = 0;
        switch (value)
        {
            case IFieldReferenceOperation { Field: { Name: "Zero", ContainingType: var type } } when KnownTypes.Is(type, types.TimeSpan):
            case IDefaultValueOperation when KnownTypes.Is(value.Type, types.TimeSpan):
            case IObjectCreationOperation { Arguments.IsEmpty: true, Initializer: null } when KnownTypes.Is(value.Type, types.TimeSpan):
                return true;
            case IInvocationOperation { Instance: null, TargetMethod: var method, Arguments: { Length: >= 1 } arguments } when KnownTypes.Is(method.ContainingType, types.TimeSpan):
                double? factor = method.Name switch
                {
                    "FromMicroseconds" => 0.001,
                    "FromMilliseconds" => 1,
                    "FromSeconds" => 1000,
                    "FromMinutes" => 60_000,
                    "FromTicks" => 0.0001,
                    _ => null,
                };
                // Newer overloads have further parts, which are 0 where they are not given.
                double total = 0;
                foreach (IArgumentOperation argument in arguments)
                {
                    double? part = argument.Parameter?.Ordinal == 0 ? factor : argument.Parameter?.Name switch
                    {
                        "seconds" => 1000,
                        "milliseconds" => 1,
                        "microseconds" => 0.001,
                        _ => null,
                    };
                    if (part is null || !IsNumber(argument.Value, out double number))
                    {
                        return false;
                    }

                    total += number * part.Value;
                }

                milliseconds = total;
                return true;
            case IObjectCreationOperation { Arguments: { Length: >= 3 } arguments } creation when KnownTypes.Is(creation.Type, types.TimeSpan):
                foreach (IArgumentOperation argument in arguments)
                {
                    double? part = argument.Parameter?.Name switch
                    {
                        "days" => 86_400_000,
                        "hours" => 3_600_000,
                        "minutes" => 60_000,
                        "seconds" => 1000,
                        "milliseconds" => 1,
                        "microseconds" => 0.001,
                        _ => null,
                    };
                    if (part is null || !IsNumber(argument.Value, out double number))
                    {
                        return false;
                    }

                    milliseconds += number * part.Value;
                }

                return true;
            default:
                return false;
        }
    }

    private static bool IsZero(IOperation value, SocketBody body, int depth, CancellationToken cancellationToken)
    {
        const int DeepestReference = 8;
        KnownTypes types = body.Model.Types;
        if (depth > DeepestReference)
        {
            return false;
        }

        switch (value.Unwrap())
        {
            case IFieldReferenceOperation { Field: { Name: "Zero", IsStatic: true } field } when KnownTypes.Is(field.ContainingType, types.TimeSpan):
            case IDefaultValueOperation:
            case IObjectCreationOperation { Arguments.IsEmpty: true, Initializer: null } nothing when KnownTypes.Is(nothing.Type, types.TimeSpan):
            case IObjectCreationOperation { Arguments: { Length: 1 } ticks } ofTicks when KnownTypes.Is(ofTicks.Type, types.TimeSpan) && ticks[0].Value.IsConstant(out long count) && count == 0:
                return true;
            case ILocalReferenceOperation { Local: { IsConst: false } local }:
                return body.ValuesOf(local) is { Count: 1 } only && body.ReferencesTo(local).All(IsRead) && IsZero(only[0], body, depth + 1, cancellationToken);
            case IFieldReferenceOperation { Field: { IsReadOnly: true } field } when SymbolEqualityComparer.Default.Equals(field.ContainingAssembly, body.Model.Compilation.Assembly):
                return !body.Model.IsAssignedOutsideInitializer(field, cancellationToken)
                    && body.Model.InitializerOf(field, cancellationToken) is { } initial && IsZero(initial, body, depth + 1, cancellationToken);
            default:
                return TryGetMilliseconds(value, types, out double milliseconds, out _) && milliseconds == 0;
        }
    }

    private static bool IsRead(IOperation reference) => reference.Parent switch
    {
        IAssignmentOperation assignment => assignment.Value == reference || assignment is ISimpleAssignmentOperation,
        IIncrementOrDecrementOperation or IDeconstructionAssignmentOperation or ITupleOperation => false,
        IArgumentOperation { Parameter.RefKind: not (RefKind.None or RefKind.In) } => false,
        _ => true,
    };

    private static bool IsNumber(IOperation operation, out double number)
    {
        object? constant = operation.ConstantValue is { HasValue: true } own ? own.Value : operation.Unwrap().ConstantValue.Value;
        switch (constant)
        {
            case double value:
                number = value;
                return true;
            case int or long or short or byte or float:
                number = Convert.ToDouble(constant, System.Globalization.CultureInfo.InvariantCulture);
                return true;
            default:
                number = 0;
                return false;
        }
    }
}
