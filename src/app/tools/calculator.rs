//! `calculator`: works an expression out, exactly where that can be.

mod number;
mod reader;

use serde_json::{Value, json};

use super::{Needs, Tool};
use crate::chat::tool::ToolCall;

pub(super) const TOOL: Tool = Tool {
    name: "calculator",
    needs: Needs::Nothing,
    description: |_| {
        "Works an arithmetic expression out exactly. Use it for every calculation that is not \
         obvious. It knows + - * / ^ ! mod, percent as in 15%, parentheses, pi, e, and the functions \
         sqrt, cbrt, abs, round, floor, ceil, min, max, ln, log (base 10), log2, exp, sin, cos, tan, \
         asin, acos, atan (in radians)."
            .to_owned()
    },
    parameters: || {
        json!({
            "type": "object",
            "properties": {
                "expression": {"type": "string", "description": "Such as (3+4)*12.5 or sqrt(2)."},
            },
            "required": ["expression"],
        })
    },
    run: |_, call| {
        let worked_out = work_out(call);
        Box::pin(async move { worked_out.map(Into::into) })
    },
};

fn work_out(call: &ToolCall) -> Result<Value, String> {
    let expression = call.text("expression").ok_or("an expression is needed")?;
    let value = reader::value_of(expression).map_err(str::to_owned)?;
    Ok(json!({"result": value.to_string(), "exact": value.is_exact()}))
}
