use super::super::answer;
#[test]
fn probe() {
    let path = "/tmp/probe.md";
    let text = std::fs::read_to_string(path).unwrap();
    for part in text.split("\n%%%%\n") {
        let rich = answer(part, "hello @asker");
        println!("----\n{part}\n====\n{}", rich.text);
        for e in &rich.entities {
            let u: Vec<u16> = rich
                .text
                .encode_utf16()
                .skip(e.offset as usize)
                .take(e.length as usize)
                .collect();
            println!(
                "   {}+{} {:?} {:?}",
                e.offset,
                e.length,
                e.style,
                String::from_utf16_lossy(&u)
            );
        }
    }
}
