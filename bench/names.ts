// A thousand first and a thousand last names of many countries, the most frequent first. About one in five is written
// outside ASCII: search, sorting and addresses must not be measured on English names alone.

const firstList = `Maria James Mary John José Robert Patricia Michael Jennifer David Anna William Linda Richard Elizabeth
Joseph Susan Thomas Jessica Charles Sarah Christopher Karen Daniel Nancy Matthew Lisa Anthony Betty Mark Margaret Donald
Sandra Steven Ashley Paul Kimberly Andrew Emily Joshua Donna Kenneth Michelle Kevin Carol Brian Amanda George Dorothy
Edward Melissa Ronald Deborah Timothy Stephanie Jason Rebecca Jeffrey Sharon Ryan Laura Jacob Cynthia Gary Kathleen
Nicholas Amy Eric Angela Jonathan Shirley Stephen Brenda Larry Justin Pamela Scott Emma Brandon Nicole Benjamin Helen
Samuel Samantha Gregory Katherine Alexander Christine Frank Debra Patrick Rachel Raymond Carolyn Jack Janet Dennis
Catherine Jerry Tyler Heather Aaron Diane Ruth Adam Julie Nathan Olivia Henry Joyce Douglas Virginia Zachary
Victoria Peter Kelly Kyle Lauren Ethan Christina Walter Joan Noah Evelyn Jeremy Judith Christian Megan Keith Andrea
Roger Cheryl Terry Hannah Gerald Jacqueline Harold Martha Sean Gloria Austin Teresa Carl Ann Arthur Sara Lawrence
Madison Dylan Frances Jesse Kathryn Jordan Janice Bryan Jean Billy Abigail Joe Alice Bruce Julia Gabriel Judy Logan
Sophia Albert Grace Willie Denise Alan Amber Juan Doris Wayne Marilyn Elijah Danielle Randy Beverly Roy Isabella Vincent
Theresa Ralph Diana Eugene Natalie Russell Brittany Bobby Charlotte Mason Marie Philip Kayla Louis Alexis Lori Luis
Carlos Sofía Miguel Lucía Javier Carmen Antonio Francisco Manuel Pedro Jorge Alejandro Diego Rafael Fernando Sergio
Andrés Ángel Ramón Raúl Óscar Iván Hugo Mateo Camila Valentina Ximena Daniela Gabriela Fernanda Paula Lorena Rocío Inés
Pilar Beatriz Mercedes Dolores Esperanza Consuelo Guadalupe Rosario Jesús Ignacio Joaquín Gonzalo Rodrigo Álvaro Marcos
Jürgen Hans Klaus Wolfgang Günter Dieter Horst Uwe Stefan Andreas Matthias Tobias Sebastian Florian Lukas Jonas Felix
Maximilian Leon Moritz Ursula Ingrid Renate Monika Helga Petra Sabine Birgit Heike Katrin Anja Claudia Silke Jana
Lena Lea Mia Hanna Johanna Greta Frieda Mathilda Björn Sören Jörg Käthe Bärbel Götz Pierre Jean-Paul François Michel
André Philippe Alain Bernard Christophe Laurent Nicolas Julien Antoine Guillaume Mathieu Olivier Sébastien Frédéric
Stéphane Jérôme Rémi Noël Zoë Chloé Léa Manon Camille Sylvie Isabelle Nathalie Valérie Sandrine Céline Élodie Aurélie
Amélie Hélène Geneviève Thérèse Brigitte Monique Françoise Giovanni Giuseppe Marco Luca Matteo Alessandro Lorenzo Andreo
Francesca Giulia Chiara Sofia Martina Elena Valeria Silvia Paola Giorgia Alessia Federica Simone Davide Stefano Roberto
Riccardo Massimo Nicolò Niccolò João Pedrinho Tiago Rui Nuno Gonçalo Inácio Luísa Conceição Fátima Vânia Mário Sérgio
Lars Erik Anders Per Olof Nils Sven Gunnar Åke Håkan Göran Märta Astrid Ingeborg Sigrid Solveig Ragnhild Øystein Søren
Jørgen Mads Rasmus Mikkel Freja Ida Karla Asger Åse Bjørn Kjell Odd Leif Harald Knut Pekka Juhani Mikko Matti Antti
Jukka Aino Helmi Sanna Päivi Väinö Jan Piet Willem Hendrik Joost Sander Bram Daan Femke Sanne Lotte Anouk Maaike Marijke
Piotr Paweł Łukasz Michał Tomasz Krzysztof Andrzej Grzegorz Marcin Agnieszka Małgorzata Katarzyna Joanna Ewa Zofia
Magdalena Barbara Danuta Halina Jiří Tomáš Ondřej Lukáš Václav Jaroslav Zdeněk Jana Lenka Věra Růžena Zuzana István
László Zoltán Gábor Ferenc Attila Péter Erzsébet Ilona Katalin Zsófia Ágnes Ion Gheorghe Mihai Ștefan Radu Ioana Elena
Andreea Mădălina Dimitri Ivan Sergei Vladimir Nikolai Alexei Boris Yuri Oleg Igor Natasha Olga Svetlana Irina Tatiana
Ekaterina Ludmila Galina Мария Иван Сергей Анна Ольга Aleksandar Milan Dragan Goran Zoran Miloš Nikola Jelena Milica
Vesna Snežana Željko Šime Ante Marko Emre Mehmet Mustafa Ahmet Ayşe Fatma Zeynep Elif Özlem Gül Çağlar Şükrü İbrahim
Hüseyin Murat Kemal Selim Leyla Yasmin Omar Ali Hassan Hussein Mohamed Ahmed Mahmoud Khalid Youssef Karim Tariq Samir
Nadia Layla Amina Aisha Mariam Salma Zainab Huda Rania Noor Raj Amit Rahul Vikram Arjun Sanjay Anil Sunil Rajesh Suresh
Priya Anjali Neha Pooja Kavita Sunita Deepa Lakshmi Meera Divya Shreya Ananya Rohan Karan Nikhil Aditya Wei Ming Li Jing
Xin Yan Hui Fang Lei Jun Hao Chen Mei Ying Na Xiu 伟 芳 娜 静 Hiroshi Takashi Kenji Yuki Haruto Sakura Aiko Yoko Keiko
Naoko Akira Satoshi Daisuke Kazuo Minjun Jiwoo Seoyeon Jihoon Hyun Sunhee Kyung Thu Linh Minh Anh Huong Trang Tuan Dung
Nguyet Kwame Kofi Ama Abena Chidi Ngozi Emeka Ifeoma Oluwaseun Adebayo Folake Tunde Amara Zuri Thabo Sipho Nomsa Lerato
Bongani Fatou Mamadou Ousmane Awa Tendai Chipo Wanjiku Kamau Achieng Otieno Aroha Tane Kiri Wiremu Ngaire Saoirse Niamh
Siobhan Aoife Ciaran Eoin Cormac Declan Fionn Seán Gráinne Róisín Rhys Dylis Gareth Owain Bronwen Carys Angharad Iolo
Callum Hamish Isla Fiona Morag Ewan Angus Tavish Avraham Shira Yael Noam Eitan Tamar Rivka Moshe Dov Ariel Eliana Levi
Wyatt Carter Jayden Luke Grayson Isaac Lincoln Nora Lily Aria Riley Zoey Penelope Layton Aurora Savannah Brooklyn Bella
Skylar Lucy Paisley Everly Violet Stella Hazel Ellie Claire Audrey Nova Naomi Elias Josiah Ezra Hudson Nolan Easton Colton
Cameron Adrian Cooper Santiago Xavier Parker Kai Jace Ryder Greyson Bentley Maverick Silas Micah Rowan Theodore Oliver
Harvey Alfie Archie Freddie Finley Reuben Toby Elliot Jasper Rupert Nigel Clive Trevor Barry Graham Malcolm Stuart Neil
Derek Geoffrey Leslie Norman Stanley Sidney Cecil Edith Ethel Florence Gladys Hilda Ivy Mabel Maud Myrtle Nellie Olive
Pearl Queenie Rosalind Sybil Thelma Una Vera Winifred Yvonne Zelda`;

const lastList = `Smith Johnson Williams García Brown Jones Miller Davis Rodríguez Martínez Hernández López González Wilson
Anderson Thomas Taylor Moore Jackson Martin Lee Pérez Thompson White Harris Sánchez Clark Ramírez Lewis Robinson Walker
Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter
Roberts Gómez Phillips Evans Turner Díaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers
Gutiérrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chávez Wood
James Bennett Gray Mendoza Ruiz Hughes Price Álvarez Castillo Sanders Patel Myers Long Ross Foster Jiménez Powell Jenkins
Perry Russell Sullivan Bell Coleman Butler Henderson Barnes Gonzales Fisher Vásquez Simmons Romero Jordan Patterson
Alexander Hamilton Graham Reynolds Griffin Wallace Moreno West Cole Hayes Bryant Herrera Gibson Ellis Tran Medina Aguilar
Stevens Murray Ford Castro Marshall Owens Harrison Fernández McDonald Woods Washington Kennedy Wells Vargas Henry Chen
Freeman Webb Tucker Guzmán Burns Crawford Olson Simpson Porter Hunter Gordon Méndez Silva Shaw Snyder Mason Dixon Muñoz
Hunt Hicks Holmes Palmer Wagner Black Robertson Boyd Rose Stone Salazar Fox Warren Mills Meyer Rice Schmidt Garza Daniels
Ferguson Nichols Stephens Soto Weaver Ryan Gardner Payne Grant Dunn Kelley Spencer Hawkins Arnold Pierce Hansen Peters
Santos Hart Bradley Knight Elliott Cunningham Duncan Armstrong Hudson Carroll Lane Riley Andrews Alvarado Ray Delgado Berry
Perkins Hoffman Johnston Matthews Peña Richards Contreras Willis Carpenter Lawrence Sandoval Guerrero George Chapman Rios
Estrada Ortega Watkins Greene Núñez Wheeler Valdez Harper Burke Larson Santiago Maldonado Morrison Franklin Carlson Austin
Domínguez Carr Lawson Jacobs O'Brien Lynch Singh Vega Bishop Montgomery Oliver Jensen Harvey Williamson Gilbert Dean Sims
Espinoza Howell Li Wong Reid Hanson Le McCoy Garrett Burton Fuller Wang Weber Welch Rojas Lucas Márquez Fields Park Yang
Little Banks Padilla Day Walsh Bowman Schultz Luna Fowler Mejía Müller Schneider Fischer Becker Schulz Schäfer Koch Bauer
Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Meier
Lehmann Köhler Maier Böhm Huber Kaiser Fuchs Lang Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich Günther Keller
Winkler Berger Frank Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon Ludwig Böttcher Winter Kraus Martens Dubois
Durand Leroy Moreau Laurent Lefebvre Michel Bertrand Roux Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau
Vincent Faure Mercier Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Perrin Clément Morin Lefèvre Rossi
Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Costa Giordano Mancini Rizzo Lombardi
Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo Gentile Ferreira Pereira Oliveira
Sousa Rodrigues Martins Jesus Gonçalves Gomes Lopes Marques Alves Almeida Ribeiro Pinto Carvalho Teixeira Moreira Araújo
Simões Brandão Leitão Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson Pettersson
Lindberg Lindström Lindqvist Åkerlund Sjöberg Bergström Öberg Nyström Hansson Nielsen Pedersen Sørensen Rasmussen Jørgensen
Møller Christensen Kristensen Knudsen Østergaard Kjær Korhonen Virtanen Mäkinen Nieminen Hämäläinen Laine Koskinen Järvinen
Jansen Vries Bakker Visser Smit Meijer Mulder Bos Vos Hendriks Dekker Brouwer Kok Dijkstra Kowalski Nowak Wiśniewski
Wójcik Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski Jankowski Mazur Krawczyk Piotrowski Novák
Svoboda Novotný Dvořák Černý Procházka Kučera Veselý Horák Nagy Kovács Tóth Szabó Horváth Varga Kiss Molnár Németh Farkas
Popescu Ionescu Popa Dumitru Stan Ivanov Smirnov Kuznetsov Popov Sokolov Lebedev Kozlov Novikov Morozov Petrov Volkov
Иванов Петрова Смирнов Jovanović Petrović Nikolić Marković Horvat Kovačević Babić Yılmaz Kaya Demir Şahin Çelik Yıldız
Öztürk Aydın Özdemir Arslan Khan Ahmed Ali Hussain Rahman Malik Sheikh Abdullah Haddad Nasser Mansour Saleh Farah Khoury
Sharma Verma Gupta Kumar Reddy Rao Iyer Nair Menon Das Bose Mukherjee Banerjee Chatterjee Desai Shah Mehta Joshi Kulkarni
Zhang Liu Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Luo 王 李 张 Sato Suzuki Takahashi Tanaka Watanabe Ito
Yamamoto Nakamura Kobayashi Kato Yoshida Yamada Sasaki Choi Jung Kang Cho Yoon Jang Lim Tran-Le Pham Hoang Phan Vu Dang Bui
Mensah Owusu Boateng Asante Okafor Okonkwo Adeyemi Balogun Eze Nwosu Dlamini Nkosi Mokoena Ndlovu Diallo Traoré Keïta
Diop Ndiaye Mwangi Njoroge Ochieng Moyo Ncube O'Connor O'Neill O'Reilly O'Sullivan Byrne Doyle Gallagher Kavanagh Nolan
Quinn MacDonald MacLeod McKenzie McGregor Sinclair Drummond Lloyd Griffiths Pritchard Cohen Levy Mizrahi Peretz Friedman
Katz Shapiro Goldberg Rosenberg Weiss`;

/** Filled up to a thousand with hyphenated names. The order is part of the data set: never sort or insert. */
export const firstNames = filled(
  firstList.split(/\s+/),
  pairs(
    'Anna Marie Jean Karl Hans Eva Luis Rosa Ana Jo',
    'Maria Luise Claude Luc Peter Heinz Lena Sophie Louise Pierre Michel Carlo Angela Ruth Paula Karin Elena Clara',
  ).flatMap(([begin, end]) => (begin === end ? [] : [`${begin}-${end}`])),
);

/** Filled up to a thousand with surnames after places. */
export const lastNames = filled(
  lastList.split(/\s+/),
  pairs(
    'Ash Brad Black Hart Wood Stan Thorn Wel Whit Hamp Nor Sut Lang Mil Hay Clif Holl Lin Chat Ald Elm Oak Rad Sel Staf Wick Win Cran Den Fair Red Rock Shel Syd',
    'ford ley ton well worth field brook combe stead ham wick more',
  )
    .map(([begin, end]) => begin + end)
    .filter((name, at, all) => !lastList.split(/\s+/).includes(name) && all.indexOf(name) === at),
);

/** The lists hold a few names twice; those count towards the thousand and are dropped afterwards. */
function filled(list: string[], more: string[]) {
  return [...new Set([...list, ...more.slice(0, Math.max(0, 1000 - list.length))])];
}

function pairs(begins: string, ends: string) {
  return begins.split(' ').flatMap((begin) => ends.split(' ').map((end) => [begin, end] as const));
}
